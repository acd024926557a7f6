/**
 * Builds whose client is killed at a random moment. Each build must end with the right image, or by its early deadline if it still
 * needed its client. After the TTL no object of any kind may be left. CHAOS_COUNT is the number of builds (default 200);
 * CHAOS_SEED and CHAOS_SPAN select the moments.
 */
import { expect, test } from "vitest";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { NUMBERED, killClients } from "./support/killed-clients.ts";

const COUNT = Number(process.env["CHAOS_COUNT"] ?? 200);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
/** Longer than the early deadline of a build that still needs its client, which is 300 seconds. */
const TIMEOUT_SECONDS = 900;
const TTL_SECONDS = 20;
/** A client is killed within this time after its start. A build takes about as long on the test cluster. */
const SPAN_MS = Number(process.env["CHAOS_SPAN"] ?? 8000);
const namespace = useNamespace();

test(
  `${COUNT} builds whose clients are killed end with the right image or by their deadline`,
  { timeout: (COUNT * 40 + 600) * 1000 },
  async () => {
    const random = randomNumbers(SEED);
    const root = await project({ Dockerfile: NUMBERED });
    const moments = Array.from({ length: COUNT }, () => random() * SPAN_MS);
    const { tally, wrong } = await killClients(namespace, {
      root,
      moments,
      atOnce: 3,
      timeout: TIMEOUT_SECONDS,
      ttl: TTL_SECONDS,
    });
    process.stdout.write(`${COUNT} builds, seed ${SEED}: ${JSON.stringify(tally)}\n`);
    expect(wrong).toEqual([]);
    await expect
      .poll(() => objectsIn(namespace.name), { timeout: (TTL_SECONDS + 60) * 1000, interval: 2000 })
      .toEqual([]);
  },
);
