/**
 * Holds our walk against BuildKit's: `node test/conformance/context/compare.ts [--cases N] [--seed S] [--disk]`.
 * Prints `N cases, D differences`, and each difference with its case; exits 1 if there is any. Needs Go.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { makeCase, type ConformanceCase } from "./cases.ts";
import { Random } from "./random.ts";
import { answerOurs, GoWalker, isEqual, type Answer } from "./walkers.ts";

export interface Difference extends ConformanceCase {
  readonly ours: Answer;
  readonly theirs: Answer;
}

export interface Comparison {
  readonly cases: number;
  /** Cases whose ignore file both refused. */
  readonly refused: number;
  /** Cases in which something was left out, and something not. */
  readonly mixed: number;
  readonly differences: readonly Difference[];
}

const BATCH = 2000;

/** Compares the cases kept from earlier differences, then `count` new ones. */
export async function compareWalks(count: number, seed: number, disk = false): Promise<Comparison> {
  using walker = new GoWalker(disk);
  const random = new Random(seed);
  const differences: Difference[] = [];
  let refused = 0;
  let mixed = 0;
  const judge = async (cases: readonly ConformanceCase[]) => {
    for (const [index, theirs] of (await walker.answer(cases)).entries()) {
      const one = cases[index] as ConformanceCase;
      const ours = answerOurs(one);
      if (!isEqual(ours, theirs)) differences.push({ ...one, ours, theirs });
      if (theirs.error !== undefined) refused++;
      else if (theirs.paths?.length !== 0 && theirs.paths?.length !== one.tree.length) mixed++;
    }
  };
  const corpus = JSON.parse(readFileSync(path.join(import.meta.dirname, "corpus.json"), "utf8")) as ConformanceCase[];
  await judge(corpus);
  for (let made = 0; made < count; made += BATCH) {
    await judge(Array.from({ length: Math.min(BATCH, count - made) }, () => makeCase(random)));
  }
  return { cases: corpus.length + count, refused, mixed, differences };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "200000" },
      seed: { type: "string", default: "1" },
      disk: { type: "boolean" },
    },
  });
  const { cases, refused, mixed, differences } = await compareWalks(
    Number(values.cases),
    Number(values.seed),
    values.disk,
  );
  for (const difference of differences.slice(0, 20)) process.stdout.write(`${JSON.stringify(difference)}\n`);
  process.stdout.write(
    `${cases} cases, ${differences.length} differences (${refused} refused by both, ${mixed} left out a part)\n`,
  );
  if (differences.length > 0) process.exitCode = 1;
}
