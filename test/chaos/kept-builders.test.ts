/**
 * Kept builders under stress: clients that are killed at random moments, and many clients at once. No client may leave a lock, a
 * build or a process behind. After the builder's time no object may be left. CHAOS_KEPT_COUNT is the number of killed clients
 * (default 100); CHAOS_SEED and CHAOS_SPAN select the moments. `make chaos-keep` runs only this file.
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
/** A client is killed within this time after its start. Default: what an unhurt build takes. */
const SPAN_MS = process.env["CHAOS_SPAN"] === undefined ? undefined : Number(process.env["CHAOS_SPAN"]);
const CROWD_SIZE = 20;
const KEEP = "60s";
/** How long the cluster may take to remove the builder: its deadline, the Job's TTL of one minute, and the garbage collector. */
const REMOVED_MS = 360_000;

const namespace = useNamespace({ rbac: ["--keep"] });

test(
  `${COUNT} killed clients of a kept builder leave no lock, build, process or object behind`,
  { timeout: (COUNT * 40 + 900) * 1000 },
  async () => {
    await using user = await makeUser(namespace);
    const root = await project({ Dockerfile: KEPT_NUMBERED, f: "0", big: Buffer.alloc(3_000_000, 1) });
    const random = randomNumbers(SEED);
    // The first one also waits for its builder.
    await user.run(["build", "--keep", KEEP, "--build-arg", "N=first", root]);
    const began = Date.now();
    expect((await user.run(["build", "--keep", KEEP, "--build-arg", "N=second", root])).code).toBe(0);
    // oxlint-disable-next-line slipway/no-clock -- Nothing is asserted of it: it only spreads the kills over a build.
    const spanMs = SPAN_MS ?? Date.now() - began;
    const moment = (): number => random() * spanMs;
    const { tally, wrong } = await killKeptClients(user, { root, count: COUNT, moment, atOnce: 3, keep: KEEP });
    process.stdout.write(`${COUNT} killed of a build of ${spanMs} ms, seed ${SEED}: ${JSON.stringify(tally)}\n`);
    expect(wrong).toEqual([]);
    await writeFile(join(root, "f"), "last");
    const image = uniqueImage();
    const next = await user.run(["build", "--keep", KEEP, "--build-arg", "N=last", "-t", image, root]);
    expect([next.code, (await readImage(image)).files.get("app/f")?.text]).toEqual([0, "last"]);
    const left = (): Promise<unknown> => leftIn(user, namespace.name);
    await expect.poll(left, { timeout: 60_000, interval: 2000 }).toEqual({ builds: ["0"], processes: 0 });
    await expect.poll(() => objectsIn(namespace.name), { timeout: REMOVED_MS, interval: 5000 }).toEqual([]);
  },
);

test(
  `${CROWD_SIZE} clients that start at once without a builder end up with one builder`,
  { timeout: 1_200_000 },
  async () => {
    await using user = await makeUser(namespace);
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nARG N\nRUN for i in 1 2 3; do echo $N says $i; sleep 1; done; echo $N > /n\n`,
    });
    const wrong = await Promise.all(
      Array.from({ length: CROWD_SIZE }, async (_, number) => {
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
  },
);
