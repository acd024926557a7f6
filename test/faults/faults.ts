/**
 * Many uploads through a proxy that cuts, stalls, throttles and resets: `make faults`, or faults.ts [COUNT [SEED]]. Not one
 * wrong context, and a reason for each that did not arrive.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SlipwayError } from "../../src/errors.ts";
import { randomFault, randomNumbers } from "./random-fault.ts";
import { makeTree } from "./tree.ts";
import { Uploader, listTree } from "./upload.ts";
import type { UploadOutcome } from "./upload.ts";

const AT_ONCE = 8;
const NOISE = 1_200_000;

const count = Number(process.argv[2] ?? 300);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const namespace = `slipway-faults-${process.pid}`;
const image = `${process.env["REGISTRY"]}/busybox:1.35`;

const root = await mkdtemp(join(tmpdir(), "slipway-faults-"));
await makeTree(root, NOISE);
const expected = await listTree(root);
execFileSync("kubectl", ["create", "namespace", namespace], { stdio: "ignore" });
const uploader = await Uploader.open(namespace, image);
const outcomes: UploadOutcome[] = [];
const started = performance.now();
let next = 0;
try {
  await Promise.all(Array.from({ length: AT_ONCE }, work));
} finally {
  await uploader.close();
  execFileSync("kubectl", ["delete", "namespace", namespace, "--wait=false"], { stdio: "ignore" });
  await rm(root, { recursive: true });
}
report();

async function work(): Promise<void> {
  for (let index = next++; index < count; index = next++) {
    const random = randomNumbers(seed + index);
    // Servers before 1.30 know only v4, which cannot half-close.
    const protocols = index % 3 === 0 ? ["v4.channel.k8s.io"] : undefined;
    const fault = () => randomFault(random, NOISE);
    const outcome = await uploader.upload(`upload-${index}`, root, expected, fault, protocols && { protocols });
    outcomes.push(outcome);
    const { result, error, attempts, faults } = outcome;
    const say = error === undefined ? `in ${attempts} attempt(s)` : error.message;
    process.stdout.write(
      `${outcomes.length}/${count} seed ${seed + index}: ${result} ${say} [${faults.length} connections]\n`,
    );
  }
}

function report(): void {
  const having = (result: UploadOutcome["result"]) => outcomes.filter((outcome) => outcome.result === result);
  const unexplained = outcomes.filter(({ error }) => error !== undefined && !(error instanceof SlipwayError));
  const kinds = Map.groupBy(
    outcomes.flatMap(({ faults }) => faults),
    ({ kind, rate, ms }) => (rate !== undefined ? "throttled" : kind === "stall" && ms === undefined ? "silent" : kind),
  );
  process.stdout.write(`
${count} uploads of ${(NOISE / 1e6).toFixed(1)} MB, seed ${seed}, ${Math.round((performance.now() - started) / 1000)} s
  arrived             ${having("arrived").length}, of these at the first attempt ${outcomes.filter(({ attempts }) => attempts === 1).length}
  given up, explained ${having("refused").length - unexplained.length}
  unexplained         ${unexplained.length}
  wrong               ${having("wrong").length}
  connections         ${[...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(", ")}
`);
  for (const { error } of unexplained) process.stdout.write(`${error?.stack}\n`);
  if (having("wrong").length > 0 || unexplained.length > 0) process.exitCode = 1;
}
