/**
 * How long a test waits for what the cluster does in its own time: long, as a test ends as soon as it has what it waits for, and
 * kubectl needs seconds to start on a busy machine. `expect.poll` has it from vitest.config.ts, `vi.waitFor` is given it. Only a wait
 * for a time limit or a time to live of the cluster's own is longer, and names it.
 */
export const WAIT = { timeout: 120_000, interval: 500 } as const;
