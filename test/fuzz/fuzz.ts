/**
 * Everything that is parsed from outside, with inputs made wrong at random: none may end in anything but a result or a sentence.
 * `--cases N` in all (default 1 000 000), `--seed N`. A worker does it, so that one that never ends is seen.
 */
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { parseArgs } from "node:util";
import type { Finding } from "./run-cases.ts";

/** No input takes this long, in milliseconds: it hangs. */
const HANGS = 20_000;

interface Done {
  readonly name: string;
  readonly count: number;
  readonly findings: readonly Finding[];
  /** Of the slowest input, in milliseconds. */
  readonly slowest: number;
}

if (isMainThread) await main();
else await work(workerData as { cases: number; seed: number });

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { cases: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
  });
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { cases: Number(values.cases), seed: Number(values.seed) },
  });
  const done: Done[] = [];
  let input = "";
  const faults: string[] = [];
  const outcome = await new Promise<string>((resolve) => {
    let watch = setTimeout(() => {}, 0);
    worker.on("message", (message: Done | { input: string }) => {
      clearTimeout(watch);
      watch = setTimeout(() => resolve(`hangs: ${JSON.stringify(input.slice(0, 2000))}`), HANGS);
      if ("input" in message) ({ input } = message);
      else {
        done.push(message);
        process.stdout.write(
          `${String(message.count).padStart(8)}  ${message.name}, slowest ${message.slowest.toFixed(0)} ms\n`,
        );
      }
    });
    worker.on("error", (error: Error) => resolve(`unhandled: ${error.stack}`));
    worker.on("exit", () => {
      clearTimeout(watch);
      resolve("");
    });
  });
  await worker.terminate();
  if (outcome !== "") faults.push(outcome);
  for (const { findings } of done)
    for (const { target, input: of, error } of findings)
      faults.push(`${target}: ${JSON.stringify(of.slice(0, 400))}\n${error}`);
  const total = done.reduce((sum, { count }) => sum + count, 0);
  process.stdout.write(
    `${total} cases, ${faults.length} findings\n${faults.join("\n")}${faults.length > 0 ? "\n" : ""}`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
}

async function work({ cases, seed }: { cases: number; seed: number }): Promise<void> {
  const [{ TARGETS }, { runCases }] = await Promise.all([import("./targets.ts"), import("./run-cases.ts")]);
  const weights = TARGETS.reduce((sum, { weight }) => sum + weight, 0);
  for (const [at, target] of TARGETS.entries()) {
    const count = Math.ceil((cases * target.weight) / weights);
    let told = 0;
    let last = performance.now();
    let slowest = 0;
    const findings = await runCases(target, count, seed * 1000 + at, (input) => {
      const now = performance.now();
      slowest = Math.max(slowest, now - last);
      last = now;
      if (now - told < 1000) return;
      told = now;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      parentPort?.postMessage({ input });
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    parentPort?.postMessage({ name: target.name, count, findings, slowest } satisfies Done);
  }
}
