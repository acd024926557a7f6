/**
 * Text from outside, made to be dear: twice as much of it, against half. Where every match is linear, the ratio is about two. The processor's time is
 * measured, so that other work beside it does not count.
 */
import { loadBuilder } from "../../src/builders/table.ts";
import { parseDockerfile } from "../../src/lib/dockerfile/parse.ts";
import { planSteps } from "../../src/lib/dockerfile/plan-steps.ts";
import { compilePattern } from "../../src/lib/dockerignore/ignore-pattern.ts";
import { compare } from "./row.ts";
import type { Row, Way } from "./row.ts";

/** Characters of the smaller input: a quadratic match of it would take minutes. */
const SIZE = 1_000_000;

function ignoreRule(size: number): void {
  const compiled = compilePattern(`${"*a".repeat(20)}*b`);
  if (!("matcher" in compiled)) throw new Error("it needs no expression");
  if (compiled.matcher().test("a".repeat(size))) throw new Error("it matches");
}

function dockerfile(size: number): void {
  parseDockerfile(`FROM a\nRUN ${`x \\\n\n# ${"<<".repeat(8)}\n`.repeat(size / 25)}y\n`);
}

async function builderLog(size: number): Promise<void> {
  const builder = await loadBuilder("kaniko");
  const reader = builder.steps(planSteps(parseDockerfile("FROM a\nRUN b\n")));
  const line = `INFO[0000] ${"RUN ".repeat(50)}${" ".repeat(200)}x`;
  for (let left = size; left > 0; left -= line.length) reader.read(line, "2026-01-01T00:00:00Z");
  reader.read("INFO[".repeat(size / 5), "2026-01-01T00:00:00Z");
}

const CASES: readonly (readonly [string, (size: number) => unknown])[] = [
  ["an ignore rule of 20 stars", ignoreRule],
  ["a Dockerfile of one instruction", dockerfile],
  ["a builder's log", builderLog],
];

export const matching: Row = {
  name: "matching",
  rounds: 11,
  async measure(rounds) {
    const results = [];
    for (const [what, work] of CASES) {
      const timed =
        (size: number): Way =>
        async () => {
          const before = process.cpuUsage();
          await work(size);
          const { user, system } = process.cpuUsage(before);
          return (user + system) / 1000;
        };
      const contest = { what: `reading ${what}, twice as long`, against: "half of it", goal: 2.2, limit: 3 };
      results.push(await compare(rounds, { ...contest, slipway: timed(2 * SIZE), other: timed(SIZE) }));
    }
    return results;
  },
};
