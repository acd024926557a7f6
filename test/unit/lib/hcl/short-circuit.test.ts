/** What buildx makes of null, of errors and of values that are not known yet. The corpus has the same with recorded answers, for every function. */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../../src/lib/hcl/evaluate.ts";
import { parseExpression } from "../../../../src/lib/hcl/expression.ts";
import { STANDARD_FUNCTIONS } from "../../../../src/lib/hcl/functions/table.ts";
import { encodeJson } from "../../../../src/lib/hcl/json-value.ts";
import { HclError } from "../../../../src/lib/hcl/source.ts";

const scope = { variables: new Map(), functions: STANDARD_FUNCTIONS };

function answer(text: string): string {
  try {
    return encodeJson(evaluate(parseExpression({ name: "x.hcl", text }), scope));
  } catch (error) {
    if (error instanceof HclError) return "refused";
    throw error;
  }
}

describe("&& and || with null and errors", () => {
  it.each([
    ["null && true", "false"],
    ["true && null", "false"],
    ["null && null", "false"],
    ["null && nosuch", "false"],
    ["nosuch && null", "false"],
    ["nosuch && false", "false"],
    ["true && nosuch", "refused"],
    ["nosuch && nosuch", "refused"],
    ["null || true", "true"],
    ["true || null", "true"],
    ["nosuch || true", "true"],
    ["null || false", "refused"],
    ["false || null", "refused"],
    ["null || null", "refused"],
    ["null || nosuch", "refused"],
    ['null && "x"', "refused"],
    ["!null", "refused"],
    ["and(null, true)", "refused"],
    ['sanitize(null && "true")', '"false"'],
  ])("%s gives %s", (text, expected) => {
    expect(answer(text)).toBe(expected);
  });
});

describe("the condition of a for over nothing, whose element is not known", () => {
  it.each([
    ["v && nosuch", "[]"],
    ["nosuch && v", "refused"],
    ["v || nosuch", "[]"],
    ["null || v", "[]"],
    ["v ? null : null", "refused"],
    ["true ? 1 : upper(v)", "[]"],
    ["add(v, 1)", "refused"],
    ["upper(v)", "[]"],
    ["and(v, null)", "refused"],
    ["length(v)", "refused"],
    ["concat(v, null)", "[]"],
  ])("%s gives %s", (condition, expected) => {
    expect(answer(`[for v in []: v if ${condition}]`)).toBe(expected);
  });
});

describe("a splat whose elements have errors", () => {
  it.each([
    ['"a ${(false)[*].a} b" || true', "true"],
    ["[for v in (1)[*][0]: v] && false", "false"],
    ["(1)[*].a || true", "refused"],
    ["[{a = 1}, {b = 2}][*].a", "refused"],
    ["can([{a = 1}, {b = 2}][*].a)", "false"],
    ["convert([], list(object({a = string})))[*].b", "refused"],
    ["convert([], list(object({a = string})))[*].a", "[]"],
    ["[for v in []: v if [v][*].a]", "refused"],
    ['[for v in []: v if [for w in "x${v}": w]]', "refused"],
  ])("%s gives %s", (text, expected) => {
    expect(answer(text)).toBe(expected);
  });
});
