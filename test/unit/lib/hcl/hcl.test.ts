/** What the recorded answers do not show: positions of errors, and hostile files. */
import { describe, expect, it } from "vitest";
import { parseBody } from "../../../../src/lib/hcl/body.ts";
import { evaluate } from "../../../../src/lib/hcl/evaluate.ts";
import { parseExpression } from "../../../../src/lib/hcl/expression.ts";
import { STANDARD_FUNCTIONS } from "../../../../src/lib/hcl/functions/table.ts";
import { parseJsonBody } from "../../../../src/lib/hcl/json.ts";
import { encodeJson } from "../../../../src/lib/hcl/json-value.ts";
import { HclError } from "../../../../src/lib/hcl/source.ts";

const scope = { variables: new Map(), functions: STANDARD_FUNCTIONS };
const value = (text: string): string => encodeJson(evaluate(parseExpression({ name: "x.hcl", text }), scope));

function faultOf(run: () => unknown): HclError {
  try {
    run();
  } catch (error) {
    if (error instanceof HclError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("errors of HCL", () => {
  it.each([
    ["a = 1\nb = [\n  c d\n]\n", "x.hcl:3"],
    ["a {\n  b = 1\n", "x.hcl:3"],
    ['a = "x\ny"\n', "x.hcl:1"],
    ["\n\na = 1 2\n", "x.hcl:3"],
    ["a = <<E\nx\n", "x.hcl:1"],
    ["a = 1\na = 2\n", "x.hcl:2"],
  ])("an error names the file and the line of %j", (text, where) => {
    expect(faultOf(() => parseBody({ name: "x.hcl", text })).where).toBe(where);
  });

  it.each([
    ["nosuch", "unknown variable nosuch"],
    ["nosuch()", "unknown function nosuch"],
    ["[1][3]", "there is no such index: the tuple has 1 elements"],
    ["{a = 1}.b", "there is no attribute named b"],
    ['"x${[1]}"', "a tuple cannot be put into a text"],
    ['upper("a", "b")', "upper takes 1 arguments, not 2"],
    ['parseint("x", 10)', 'parseint: the argument number is wrong: "x" is not a whole number in base 10'],
    ["true ? [1] : {}", "the two results of a conditional must have one type, not a tuple and a object"],
  ])("the error of %s is one sentence", (text, message) => {
    expect(faultOf(() => value(text)).message).toBe(message);
  });
});

describe("hostile HCL files", () => {
  const deep = (open: string, close: string, count = 100_000): string => open.repeat(count) + close.repeat(count);

  it.each([
    ["lists in lists", `a = ${deep("[", "]")}\n`],
    ["parentheses", `a = ${deep("(", ")")}\n`],
    ["signs", `a = ${"-".repeat(100_000)}1\n`],
    ["templates in templates", `a = ${deep('"${', '}"', 20_000)}\n`],
    ["blocks in blocks", deep("a {\n", "}\n")],
    ["attributes", `a = b${".c".repeat(100_000)}\n`],
  ])("deep nesting does not overflow the stack: %s", (_, text) => {
    const read = (): string => {
      try {
        parseBody({ name: "x.hcl", text });
        return "read";
      } catch (error) {
        return error instanceof HclError ? "refused" : String(error);
      }
    };
    expect(read()).toMatch(/^(?:read|refused)$/);
  });

  it("deeply nested JSON is refused", () => {
    const text = `{"a":${deep("[", "]")}}`;
    expect(() => parseJsonBody({ name: "x.json", text })).toThrow("the JSON is nested too deeply");
  });

  it.each([
    ['regex("^(?:a+)+$", "%A%")', '"%A%"'],
    ['length(regexall("(a|aa)+b", "%A%"))', "0"],
    ['regex_replace("%A%", "(a*)*c", "x") == "%A%"', "true"],
    ['can(regex("(x+x+)+y", "%A%"))', "false"],
  ])("a hostile regular expression takes linear time: %s", (text, expected) => {
    const own = text.replaceAll("%A%", "a".repeat(5000));
    expect(value(own)).toBe(expected.replaceAll("%A%", "a".repeat(5000)));
  });

  it.each([
    "1e999999999",
    'format("%999999999d", 1)',
    'indent(999999999, "a\\nb")',
    'parseint("1", 99)',
    "range(0, 999999999)",
    "setproduct(range(1000), range(1000), range(1000))",
    'bcrypt("a", 99)',
    'timeadd("2024-01-01T00:00:00Z", "999999999999h")',
  ])("an expression with a huge result is refused: %s", (text) => {
    expect(() => value(text)).toThrow(HclError);
  });
});

describe("functions of HCL", () => {
  it("random functions and timestamps have the right form", () => {
    expect(value("uuidv4()")).toMatch(/^"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}"$/);
    expect(value("timestamp()")).toMatch(/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/);
    expect(value('bcrypt("a", 4)')).toMatch(/^"\$2a\$04\$.{53}"$/);
  });

  it("all 106 functions exist, each with a description", () => {
    expect(STANDARD_FUNCTIONS.size).toBe(106);
    expect([...STANDARD_FUNCTIONS].filter(([, { description }]) => !description.endsWith("."))).toEqual([]);
  });
});
