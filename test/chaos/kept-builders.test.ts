/**
 * Kept builders under stress: clients that are killed at a random moment, and crowds. No client leaves a lock, a build or a process, and
 * after the builder's time not one object is left. CHAOS_KEPT_COUNT says how many clients are killed (default 100), CHAOS_SEED and
 * CHAOS_SPAN at which moments. By itself: `make chaos-keep`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, uniqueImage } from "../e2e/support/build.ts";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { KEPT_NUMBERED, killKeptClients, leftIn, makeUser } from "./support/kept-clients.ts";

const COUNT = Number(process.env["CHAOS_KEPT_COUNT"] ?? 100);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
/** Milliseconds from a client's start within which it is killed: about what a build takes here. */
const SPAN = Number(process.env["CHAOS_SPAN"] ?? 8000);
const CROWD = 20;
/** The builder's time, and how long the cluster may take to remove it afterwards: its deadline, the Job's TTL of a minute, and the garbage collector. */
const KEEP = "60s";
const REMOVED_MS = 360_000;

const namespace = useNamespace({ rbac: ["--keep"] });

test(`${COUNT} clients of a kept builder killed`, { timeout: (COUNT * 40 + 900) * 1000 }, async () => {
  await using user = await makeUser(namespace);
  const root = await project({ Dockerfile: KEPT_NUMBERED, f: "0", big: Buffer.alloc(3_000_000, 1) });
  const random = randomNumbers(SEED);
  const moments = Array.from({ length: COUNT }, () => random() * SPAN);
  const { tally, wrong } = await killKeptClients(user, { root, moments, atOnce: 3, keep: KEEP });
  process.stdout.write(`${COUNT} clients, seed ${SEED}: ${JSON.stringify(tally)}\n`);
  expect(wrong).toEqual([]);
  await writeFile(join(root, "f"), "last");
  const image = uniqueImage();
  const next = await user.run(["build", "--keep", KEEP, "--build-arg", "N=last", "-t", image, root]);
  expect([next.code, (await readImage(image)).files.get("app/f")?.text]).toEqual([0, "last"]);
  const left = (): Promise<unknown> => leftIn(user, namespace.name);
  await expect.poll(left, { timeout: 60_000, interval: 2000 }).toEqual({ builds: ["0"], processes: 0 });
  await expect.poll(() => objectsIn(namespace.name), { timeout: REMOVED_MS, interval: 5000 }).toEqual([]);
});

test(`${CROWD} clients start at once with no builder there, and end with one`, { timeout: 1_200_000 }, async () => {
  await using user = await makeUser(namespace);
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nARG N\nRUN for i in 1 2 3; do echo $N says $i; sleep 1; done; echo $N > /n\n`,
  });
  const wrong = await Promise.all(
    Array.from({ length: CROWD }, async (_, number) => {
      const image = uniqueImage();
      const args = ["--build-arg", `N=${number}`, "--progress", "plain", "-t", image, root];
      const run = await user.run(["build", "--keep", KEEP, ...args]);
      if (run.code !== 0) return [`${number} ended with ${run.code}: ${run.stderr.slice(-400)}`];
      const text = (await readImage(image)).files.get("n")?.text;
      const lines = run.stderr.match(/\d+ says \d$/gm) ?? [];
      const others = lines.filter((line) => !line.startsWith(`${number} `));
      return [...(text === `${number}\n` ? [] : [`${image} holds ${text} instead of ${number}`]), ...others];
    }),
  );
  expect(wrong.flat()).toEqual([]);
  expect((await user.run(["keep", "-q"])).stdout.trim().split("\n")).toHaveLength(1);
  await expect.poll(() => objectsIn(namespace.name), { timeout: REMOVED_MS, interval: 5000 }).toEqual([]);
});
