import { describe, expect, test } from "vitest";
import { compileGoRegexp } from "../../../../src/lib/dockerignore/go-regexp.ts";

describe("Go's regular expressions", () => {
  test.each([
    ["^a.c$", "abc", "a\nc"],
    ["^a.c$", "a\rc", "ac"],
    ["^[^/]*$", "a\nb", "a/b"],
    ["^\\d\\D$", "1a", "11"],
    ["^\\s$", "\f", "\v"],
    ["^[[:space:]]$", "\v", "x"],
    ["^\\w\\W$", "_-", "é-"],
    ["^[\\w-z]$", "-", "~"],
    ["^[]a]$", "]", "b"],
    ["^[^]a]$", "b", "]"],
    ["^[[a]$", "[", "]"],
    ["^[+--]$", ",", "."],
    ["^[^\\D]$", "7", "x"],
    ["^\\Qa.b", "a.b", "axb"],
    ["^\\Qa.b\\E.$", "a.bc", "a.b"],
    ["^\\x41\\x{1F600}\\101\\0$", "A😀A\0", "A"],
    ["^a{2,3}$", "aaa", "a"],
    ["^a{,3}$", "a{,3}", "a"],
    ["^a{02}$", "a{02}", "aa"],
    ["^{2}a", "a", "ba"],
    ["^{0}a", "ba", "b"],
    ["^a|b$", "ax", "xa"],
    ["^\\ba\\B", "ab", "a"],
    ["^\\pL\\p{Nd}\\P{Lu}$", "a1b", "a1B"],
    ["^\\p{decimal_Number}\\p{ greek}\\p{any}$", "1α\n", "1aα"],
    ["^\\a\\f\\t\\n\\r\\v\\_$", "\x07\f\t\n\r\v_", "a"],
    ["^.$", "😀", "ab"],
    ["^(.*/)?(.*/)?x$", "a/b/x", "a/b/y"],
  ])("%j matches %j and not %j", (expression, yes, no) => {
    const regexp = compileGoRegexp(expression);
    expect(regexp.test(yes)).toBe(true);
    expect(regexp.test(no)).toBe(false);
  });

  test.each([
    "[",
    "[a",
    "[b-a]",
    "[a-\\d]",
    "[[:nope:]]",
    "\\e",
    "\\Z",
    "\\C",
    "\\1",
    "\\8",
    "\\x",
    "\\x4",
    "\\x{110000}",
    "\\x{}",
  ])("%j is an error", (expression) => {
    expect(() => compileGoRegexp(expression)).toThrow(expect.objectContaining({ name: "PatternError" }));
  });

  test.each([
    "\\p",
    "\\p{",
    "\\p{Nope}",
    "\\pX",
    "\\p{Old_Italic}",
    "\\é",
    "\\",
    "a{1001}",
    "a{2,1}",
    "a{2}{3}",
    "a**",
    "|{2}",
    "*",
    ")",
    "(a",
  ])("%j is an error, too", (expression) => {
    expect(() => compileGoRegexp(expression)).toThrow(expect.objectContaining({ name: "PatternError" }));
  });
});
