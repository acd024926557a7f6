/**
 * Holds slipway's bake against buildx's: `node test/conformance/bake/compare.ts --buildx PATH [--cases N] [--seed S] [--from N] [--record]`.
 * Prints how many random definitions both print alike, or both refuse, and every difference. `--record` writes buildx's answers
 * to the corpus and a sample, which `make test` reads. `--from N` starts at that random case: a part of a long run. Exits 1 if
 * there is a difference.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../context/random.ts";
import { CaseDirectory, answerOurs, answerTheirs, areAlike } from "./answer.ts";
import type { Answer, BakeCase } from "./answer.ts";
import { CaseMaker } from "./random-cases.ts";

const CORPUS = join(import.meta.dirname, "corpus");
const SAMPLE = join(import.meta.dirname, "sample.json");
/** How often buildx is asked again where it answers differently. */
const REPEATED = 24;
/** Cases of the sample that `make test` runs. */
const SAMPLE_SIZE = 200;

export interface RecordedCase extends BakeCase {
  /** What buildx answered. */
  readonly expected: Answer;
}

/** The cases written by hand, by their names. */
export function readCorpus(): ReadonlyMap<string, RecordedCase> {
  return new Map(
    readdirSync(CORPUS)
      .filter((name) => name.endsWith(".json"))
      .map((name) => [
        name.replace(/\.json$/, ""),
        JSON.parse(readFileSync(join(CORPUS, name), "utf8")) as RecordedCase,
      ]),
  );
}

export function readSample(): readonly RecordedCase[] {
  return JSON.parse(readFileSync(SAMPLE, "utf8")) as RecordedCase[];
}

interface Answers {
  readonly ours: Answer;
  readonly theirs: Answer;
}

function compare(buildx: string, one: BakeCase): Answers {
  using directory = new CaseDirectory(one);
  return { ours: answerOurs(one, directory.path), theirs: answerTheirs(buildx, one, directory.path) };
}

/**
 * buildx applies the overrides of a target in the order of a Go map, which is another each time. Slipway applies `push` and `load`, which
 * change the outputs, after the others. A small map of Go most often begins with what was put in first, so that order comes soon.
 */
function compareOften(buildx: string, one: BakeCase): Answers {
  let answers = compare(buildx, one);
  const again = { ...one, args: switchesLast(one.args) };
  for (let count = 0; count < REPEATED && !areAlike(answers.ours, answers.theirs); count += 1) {
    answers = { ours: answers.ours, theirs: compare(buildx, again).theirs };
  }
  return answers;
}

function switchesLast(args: readonly string[]): string[] {
  const isMoved = (at: number): boolean => args[at] === "--set" && /^[^=]*\.(?:push|load)=/.test(args[at + 1] ?? "");
  const moved = args.flatMap((own, at) => (isMoved(at) ? [own, args[at + 1] ?? ""] : []));
  return [...args.filter((_, at) => !isMoved(at) && !isMoved(at - 1)), ...moved];
}

/** What is kept of an answer: of a refusal only that it is one. */
function kept(answer: Answer): Answer {
  return "refused" in answer ? { refused: "" } : answer;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      buildx: { type: "string", default: process.env["BUILDX"] ?? "buildx" },
      cases: { type: "string", default: "10000" },
      from: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
      record: { type: "boolean" },
      shown: { type: "string", default: "20" },
    },
  });
  let refused = 0;
  let differences = 0;
  const judge = (name: string, one: BakeCase): Answer => {
    const { ours, theirs } = compareOften(values.buildx, one);
    if ("refused" in theirs) refused += 1;
    if (!areAlike(ours, theirs)) {
      differences += 1;
      if (differences <= Number(values.shown))
        process.stdout.write(`${name} ${JSON.stringify({ ...one, ours, theirs }, undefined, 1)}\n`);
    }
    return theirs;
  };
  const corpus = readCorpus();
  for (const [name, one] of corpus) {
    const theirs = judge(`corpus/${name}`, one);
    if (values.record !== true) continue;
    const { expected: _, ...own } = one;
    writeFileSync(
      join(CORPUS, `${name}.json`),
      `${JSON.stringify({ ...own, expected: kept(theirs) }, undefined, 2)}\n`,
    );
  }
  const maker = new CaseMaker(new Random(Number(values.seed)));
  const sample: RecordedCase[] = [];
  const from = Number(values.from);
  for (let count = 0; count < Number(values.cases); count += 1) {
    const one = maker.make();
    if (count < from) continue;
    const theirs = judge(`random ${count}`, one);
    if (sample.length < SAMPLE_SIZE) sample.push({ ...one, expected: kept(theirs) });
  }
  if (values.record === true) writeFileSync(SAMPLE, `${JSON.stringify(sample, undefined, 1)}\n`);
  process.stdout.write(
    `${corpus.size + Number(values.cases) - from} cases, ${refused} refused by both or one, ${differences} differences\n`,
  );
  process.exitCode = differences === 0 ? 0 : 1;
}
