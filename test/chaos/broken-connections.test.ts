/**
 * Builds whose connections are closed, stalled and reset at random. Each log must be complete and in order, compared with the
 * container's log file on the node, and each digest must be right. CHAOS_CONNECTIONS is the number of builds (default 100),
 * CHAOS_SEED selects the faults.
 */
import { expect, test } from "vitest";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { NOISY, buildThroughFaults } from "./support/broken-connections.ts";

const COUNT = Number(process.env["CHAOS_CONNECTIONS"] ?? 100);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const AT_ONCE = 3;
const namespace = useNamespace();

test(
  `${COUNT} builds over broken connections have complete logs and the right images`,
  { timeout: (COUNT * 60 + 300) * 1000 },
  async () => {
    const root = await project({ Dockerfile: NOISY });
    const tally = { faults: 0, left: 0, right: 0 };
    const wrong: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < COUNT) {
        const number = next++;
        const result = await buildThroughFaults(namespace, root, number, randomNumbers(SEED * 1000 + number));
        tally.faults += result.faults;
        if (result.left) tally.left += 1;
        else if (result.wrong.length === 0) tally.right += 1;
        wrong.push(...result.wrong);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    process.stdout.write(`${COUNT} builds, seed ${SEED}: ${JSON.stringify(tally)}\n`);
    expect(wrong).toEqual([]);
    await expect.poll(() => objectsIn(namespace.name), { timeout: 420_000, interval: 2000 }).toEqual([]);
  },
);
