import { posix, win32 } from "node:path";
import { expect, test } from "vitest";
import { pathBelow } from "../../../../src/lib/files/path-below.ts";

test.each([
  ["/a/b", "/a/b/c/d", "c/d"],
  ["/a/b", "/a/b", ""],
  ["/a/b", "/a", undefined],
  ["/a/b", "/a/bc", undefined],
  ["/a/b", "/a/b/..c", "..c"],
  ["/a/b", "/a/b/c\\d", "c\\d"],
])("below %s, %s is %s", (directory, path, expected) => {
  expect(pathBelow(directory, path, posix)).toBe(expected);
});

test.each([
  ["C:\\a", "C:\\a\\b\\c.txt", "b/c.txt"],
  ["C:\\a", "c:\\A\\b", "b"],
  ["C:\\a", "C:\\other", undefined],
  ["C:\\a", "C:\\", undefined],
  ["C:\\a", "D:\\a\\b", undefined],
  ["\\\\server\\share\\a", "\\\\server\\share\\a\\b", "b"],
  ["\\\\server\\share\\a", "\\\\server\\other\\a\\b", undefined],
])("on Windows, below %s, %s is %s", (directory, path, expected) => {
  expect(pathBelow(directory, path, win32)).toBe(expected);
});
