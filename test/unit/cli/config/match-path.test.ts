import ignore from "ignore";
import { expect, test } from "vitest";
import { matchesPath } from "../../../../src/cli/config/match-path.ts";
import { Random } from "../../../conformance/context/random.ts";

test.each([
  [["services/ml/**"], "services/ml/a/Dockerfile", true],
  [["*.gpu.Dockerfile"], "deep/x.gpu.Dockerfile", true],
  [["*", "!services/ml/docs"], "services/ml/docs", true],
  [["**/*.md", "!README.md"], "README.md", false],
  [["/Dockerfile"], "a/Dockerfile", false],
  [["dockerfile"], "a/Dockerfile", true],
  [["a/"], "a", false],
  [["a/"], "a/b", true],
  [["a/**/b"], "a/b", true],
  [["x[0-9].Dockerfile"], "x7.dockerfile", true],
  [["[!a]x"], "bx", true],
  [["\\*"], "*", true],
  [["[z-a]"], "b", false],
])("%j selects %j: %s", (patterns, path, selected) => {
  expect(matchesPath(patterns, path)).toBe(selected);
});

test("selects what the package ignore selects", () => {
  const random = new Random(7);
  const pieces = ["a", "b", "ab", "*", "**", "?", "/", "/", "[ab]", "!", "A", ".", "/**/", "*a*"];
  const names = ["a", "b", "ab", "aab", "B", "ba."];
  const differences: string[] = [];
  for (let round = 0; round < 4000; round++) {
    const pattern = () => Array.from({ length: 1 + random.below(4) }, () => random.pick(pieces)).join("");
    const patterns = Array.from({ length: 1 + random.below(2) }, pattern).filter(
      (text) => !/\/\/|\*{3}|^!*\/?$/.test(text),
    );
    const path = Array.from({ length: 1 + random.below(3) }, () => random.pick(names)).join("/");
    const expected = ignore().add(patterns).ignores(path);
    if (matchesPath(patterns, path) !== expected) differences.push(`${JSON.stringify(patterns)} ${path}: ${expected}`);
  }
  expect(differences).toEqual([]);
});

test("a pattern of many stars costs no more steps than its length times the path's", () => {
  // It ends only if the work is linear.
  expect(matchesPath([`${"*a".repeat(40)}*b`], "a".repeat(3000))).toBe(false);
});
