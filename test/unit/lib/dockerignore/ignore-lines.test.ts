import { describe, expect, test } from "vitest";
import { cleanPath, readIgnoreLines, trimSpace } from "../../../../src/lib/dockerignore/ignore-lines.ts";
import { toBytes } from "../../../../src/lib/files/path-bytes.ts";

describe("paths, cleaned", () => {
  test.each([
    ["", "."],
    [".", "."],
    ["./", "."],
    ["/", "/"],
    ["//", "/"],
    ["a//b/", "a/b"],
    ["./a/./b", "a/b"],
    ["a/..", "."],
    ["a/../../b", "../b"],
    ["/../a", "/a"],
    ["../../a", "../../a"],
    ["a/b/../../..", ".."],
    ["..a/.b", "..a/.b"],
  ])("%j is %j", (path, cleaned) => {
    expect(cleanPath(path)).toBe(cleaned);
  });
});

test("white space is Unicode's, at both ends", () => {
  for (const space of [
    "\t",
    "\n",
    "\v",
    "\f",
    "\r",
    " ",
    "\u{85}",
    "\u{a0}",
    "\u{1680}",
    "\u{2000}",
    "\u{200a}",
    "\u{2028}",
    "\u{3000}",
  ]) {
    expect(trimSpace(toBytes(`${space}a${space}b${space}${space}`))).toBe(toBytes(`a${space}b`));
  }
  for (const none of ["\u{feff}", "\u{200b}", "\u{180e}", "\0"]) {
    expect(trimSpace(toBytes(`${none}a`))).toBe(toBytes(`${none}a`));
  }
  expect(trimSpace(toBytes("\u{3000} \u{85}"))).toBe("");
});

test("lines keep their number and their text", () => {
  expect(readIgnoreLines("\n#x\n !a/ \r\nb", "i")).toEqual([
    { line: 3, text: " !a/ ", pattern: "a", negated: true },
    { line: 4, text: "b", pattern: "b", negated: false },
  ]);
});
