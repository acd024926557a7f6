/**
 * Builds whose client is killed at a random moment. Each has to end with the right image, or by its deadline; after its time to live
 * not one object is left, of any kind. CHAOS_COUNT says how many (default 200), CHAOS_SEED and CHAOS_SPAN which moments.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { BUSYBOX, uniqueImage } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";

const COUNT = Number(process.env["CHAOS_COUNT"] ?? 200);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const AT_ONCE = 3;
/** Seconds: long enough for the slowest build here, short enough to wait for. */
const DEADLINE = 60;
const TTL = 20;
/** Milliseconds from a client's start within which it is killed: about what a build takes here. */
const SPAN = Number(process.env["CHAOS_SPAN"] ?? 8000);
const PROGRAM = new URL("../../bin/run.js", import.meta.url).pathname;
const namespace = useNamespace();

/** mulberry32, by Tommy Ettinger: public domain. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Job {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly status: { readonly conditions?: readonly { type: string; status: string; reason?: string }[] };
}

test(`${COUNT} clients killed`, { timeout: (COUNT * 20 + 300) * 1000 }, async () => {
  const random = randomFrom(SEED);
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nARG N\nRUN sleep 1; echo $N > /n\n` });
  const tally = { finishedFirst: 0, nothingMade: 0, built: 0, deadline: 0 };
  const wrong: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < COUNT) {
      const number = next++;
      const image = uniqueImage();
      const limits = ["--timeout", `${DEADLINE}s`, "--ttl", `${TTL}s`];
      const args = ["build", "-n", namespace.name, ...limits, "--build-arg", `N=${number}`, "-t", image, root];
      const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: "ignore" });
      const over = new Promise<NodeJS.Signals | null>((resolve) => {
        child.on("close", (_, signal) => resolve(signal));
      });
      await Promise.race([over, sleep(random() * SPAN)]);
      child.kill("SIGKILL");
      if ((await over) === null) tally.finishedFirst += 1;
      // A request that was on its way may still make a Job.
      await sleep(2000);
      const end = await endOf(image);
      if (end === undefined) tally.nothingMade += 1;
      else if (end.type === "Complete") {
        tally.built += 1;
        const text = (await readImage(image)).files.get("n")?.text;
        if (text !== `${number}\n`) wrong.push(`${image} holds ${text} instead of ${number}`);
      } else {
        if (end.reason !== "DeadlineExceeded") wrong.push(`${image} ended by ${end.reason}`);
        tally.deadline += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  process.stdout.write(`${COUNT} builds, seed ${SEED}: ${JSON.stringify(tally)}\n`);
  expect(wrong).toEqual([]);
  await expect.poll(() => objectsIn(namespace.name), { timeout: (TTL + 60) * 1000, interval: 2000 }).toEqual([]);
});

/** The condition the build's Job came to; undefined when the client was killed before it made one. */
async function endOf(image: string): Promise<{ type: string; reason?: string } | undefined> {
  for (;;) {
    const list = JSON.parse(await kubectl(["get", "jobs", "-n", namespace.name, "-o", "json"])) as { items: Job[] };
    const job = list.items.find(({ metadata }) => metadata.annotations["slipway.dev/references"] === `${image}:latest`);
    if (job === undefined) return undefined;
    const end = job.status.conditions?.find(
      ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
    );
    if (end !== undefined) return end;
    await sleep(1000);
  }
}
