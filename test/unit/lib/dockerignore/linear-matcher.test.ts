/** How much work hostile patterns make. Steps are counted, as a time would depend on the machine. */
import { expect, test } from "vitest";
import { compileGoRegexp } from "../../../../src/lib/dockerignore/go-regexp.ts";
import { compilePattern } from "../../../../src/lib/dockerignore/ignore-pattern.ts";
import { parseIgnoreFile } from "../../../../src/lib/dockerignore/dockerignore.ts";
import { PatternError } from "../../../../src/lib/dockerignore/text-reader.ts";
import { Random } from "../../../conformance/context/random.ts";

/** An instruction may be seen in a closure, read, and kept for the next character. */
const STEPS_PER_INSTRUCTION = 5;

test.each([
  ["*a*a*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(4000)],
  [`${"*a".repeat(300)}*b`, "a".repeat(2000)],
  [`${"**/a/".repeat(100)}**/b`, "a/".repeat(500)],
  [`${"a{0,100}".repeat(20)}b?`, "a".repeat(500)],
  [`*${"[a-z]{1,100}".repeat(10)}[0-9]`, "q".repeat(500)],
  [`${"*?".repeat(100)}x|${"*a".repeat(100)}x`, "a".repeat(1000)],
  [`*\\b${"*\\B".repeat(100)}x`, "a ".repeat(500)],
  [`*${"\\p{Greek}*".repeat(100)}x`, "αβ".repeat(500)],
])("%.40j needs at most a fixed number of steps for each character and instruction", (pattern, text) => {
  const compiled = compilePattern(pattern);
  if (!("matcher" in compiled)) throw new Error("it needs no expression");
  const matcher = compiled.matcher();
  expect(matcher.test(text)).toBe(false);
  expect(matcher.steps).toBeLessThan(STEPS_PER_INSTRUCTION * matcher.size * (text.length + 2));
  expect(matcher.steps).toBeGreaterThan(0);
});

test("any pattern needs at most a fixed number of steps for each character and instruction", () => {
  const random = new Random(11);
  const pieces = ["*", "**/", "?", "a", "b", "[ab]", "[^a]", "\\w", "{2,30}", "{0,5}", "|", "a*", "\\b", "(", "é", "/"];
  let compiledOnes = 0;
  for (let round = 0; round < 2000; round++) {
    const pattern = `*${Array.from({ length: random.below(30) }, () => random.pick(pieces)).join("")}`;
    const text = Array.from({ length: random.below(300) }, () => random.pick(["a", "b", "é", "/", "a"])).join("");
    try {
      const compiled = compilePattern(Buffer.from(pattern).toString("latin1"));
      if (!("matcher" in compiled)) continue;
      const matcher = compiled.matcher();
      for (const one of [text, `${text}b`, text]) matcher.test(one);
      expect(matcher.steps).toBeLessThan(STEPS_PER_INSTRUCTION * matcher.size * (3 * text.length + 10));
      compiledOnes += 1;
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
    }
  }
  expect(compiledOnes).toBeGreaterThan(1000);
});

test("a text that is known costs one step for each character", () => {
  const matcher = compileGoRegexp("^[^/]*x[^/]*y$");
  const text = "ax".repeat(500);
  matcher.test(text);
  const before = matcher.steps;
  matcher.test(text);
  expect(matcher.steps - before).toBeLessThan(text.length + 10);
});

test("kept states are bounded: a matcher of an expression with very many states still matches", () => {
  const matcher = compileGoRegexp("^[ab]*a[ab]{12}c$");
  const random = new Random(3);
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: 200 }, () => random.pick(["a", "b"])).join("");
    expect(matcher.test(`${text}c`)).toBe(text.at(-13) === "a");
  }
});

test("a match stops after the steps it is given, and continues to the same answer", () => {
  const matcher = compileGoRegexp("^[^/]*a[^/]*b$");
  matcher.begin(`${"a".repeat(1000)}b`);
  let pieces = 1;
  let answer: boolean | undefined;
  while ((answer = matcher.advance(50)) === undefined) pieces += 1;
  expect(answer).toBe(true);
  expect(pieces).toBeGreaterThan(10);
});

test("thousands of rules are applied to a path in pieces", () => {
  const rules = parseIgnoreFile(`${"*a*b*c\n".repeat(20_000)}x*`);
  rules.begin(`x${"a".repeat(200)}`, undefined);
  let pieces = 1;
  let excluded: boolean | undefined;
  while ((excluded = rules.advance()) === undefined) pieces += 1;
  expect(excluded).toBe(true);
  expect(pieces).toBeGreaterThan(10);
});
