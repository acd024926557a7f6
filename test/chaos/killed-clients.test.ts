/**
 * Builds whose client is killed at a random moment. Each has to end with the right image, or by the deadline of one that still
 * needed its client; after its time to live not one object is left, of any kind. CHAOS_COUNT says how many (default 200),
 * CHAOS_SEED and CHAOS_SPAN which moments.
 */
import { expect, test } from "vitest";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { NUMBERED, killClients } from "./support/killed-clients.ts";

const COUNT = Number(process.env["CHAOS_COUNT"] ?? 200);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
/** Seconds: longer than a build that needs its client outlives it. */
const TIMEOUT = 900;
const TTL = 20;
/** Milliseconds from a client's start within which it is killed: about what a build takes here. */
const SPAN = Number(process.env["CHAOS_SPAN"] ?? 8000);
const namespace = useNamespace();

test(`${COUNT} clients killed`, { timeout: (COUNT * 40 + 600) * 1000 }, async () => {
  const random = randomNumbers(SEED);
  const root = await project({ Dockerfile: NUMBERED });
  const moments = Array.from({ length: COUNT }, () => random() * SPAN);
  const { tally, wrong } = await killClients(namespace, { root, moments, atOnce: 3, timeout: TIMEOUT, ttl: TTL });
  process.stdout.write(`${COUNT} builds, seed ${SEED}: ${JSON.stringify(tally)}\n`);
  expect(wrong).toEqual([]);
  await expect.poll(() => objectsIn(namespace.name), { timeout: (TTL + 60) * 1000, interval: 2000 }).toEqual([]);
});
