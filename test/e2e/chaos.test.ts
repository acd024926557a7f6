/** A sample of `make chaos`: clients that are killed at different moments, connections that break. The same checks, few of each. */
import { expect, test } from "vitest";
import { NOISY, buildThroughFaults } from "../chaos/support/broken-connections.ts";
import { NUMBERED, killClients } from "../chaos/support/killed-clients.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();

test("4 killed clients: the right image or an end by the deadline, and nothing is left", async () => {
  const root = await project({ Dockerfile: NUMBERED });
  // From before the Job is made to about the build's end.
  const moments = [400, 800, 1600, 3200];
  const { tally, wrong } = await killClients(namespace, { root, moments, atOnce: 4, timeout: 20, ttl: 10 });
  expect(wrong).toEqual([]);
  expect(tally.nothingMade + tally.built + tally.deadline).toBe(moments.length);
  await expect.poll(() => objectsIn(namespace.name)).toEqual([]);
});

test(
  "3 builds over connections that are cut, stalled and reset: each log whole, each image right",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: NOISY });
    const builds = [1, 2, 3].map((number) => buildThroughFaults(namespace, root, number, randomNumbers(number)));
    const results = await Promise.all(builds);
    expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(results.map(({ left }) => left)).toEqual([false, false, false]);
    expect(results.reduce((sum, { faults }) => sum + faults, 0)).toBeGreaterThan(0);
    await expect.poll(() => objectsIn(namespace.name)).toEqual([]);
  },
);
