/** Docker's exit code, output and files in situations that are not about a single flag. */
import { expect, test } from "vitest";
import { DIFFERENCES } from "./differences.ts";
import { compareWithDocker } from "./compare-with-docker.ts";
import type { Outcome } from "./outcome.ts";
import { Recording } from "./recorded.ts";
import { SITUATIONS } from "./situations.ts";

compareWithDocker("situations", SITUATIONS, { hasAllGeneral: true });

test("every difference from docker's outcome is noticed, except for text on standard error", () => {
  const recording = new Recording("situations");
  const name = "the files a build leaves";
  const [first, ...more] = recording.outcomesOf(name) as readonly Outcome[];
  const seen = (change: Partial<Outcome>): string[] =>
    recording.differences(name, first === undefined ? [] : [{ ...first, ...change }, ...more]);
  expect(seen({})).toEqual([]);
  expect(seen({ stderr: "empty" })).toEqual([]);
  expect(seen({ code: 1 })).toEqual([`${name} 1: code is 1, docker's 0`]);
  expect(seen({ code: 1, stderr: "empty" })).toContain(`${name} 1: stderr is "empty", docker's "text"`);
  expect(seen({ stdout: ["sha256:<digest 1>", ""] })).toHaveLength(1);
  expect(seen({ files: { ...first?.files, id: { mode: "644", text: "sha256:<digest 1>\n" } } })).toHaveLength(1);
  expect(seen({ files: {} })).toHaveLength(2);
  expect(recording.differences(name, more)).not.toEqual([]);
});

test("every listed difference belongs to a recorded case and has a reason", () => {
  const names = ["flags", "situations", "checks"].flatMap((suite) => new Recording(suite).names);
  expect(new Set(names).size).toBe(names.length);
  const cases = new Set(["*", ...names]);
  for (const { reason, lines } of DIFFERENCES) {
    expect(reason).toMatch(/^[A-Z].*\.$/);
    const orphans = lines.filter(
      (line) => ![...cases].some((name) => line.replace(/ \d+: /, ": ").startsWith(`${name}: `)),
    );
    expect(orphans).toEqual([]);
  }
});
