import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { FileStat, FileTree, OpenFile } from "../../../../src/lib/files/file-tree.ts";
import { Unwritable, writeTree } from "../../../../src/lib/files/write-tree.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slipway-tree-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const no = (): boolean => false;

/** Empty files with these names. */
function treeOf(...names: readonly string[]): FileTree {
  const of = (path: string): FileStat => ({
    isDirectory: () => path === "",
    isFile: () => path !== "",
    isSymbolicLink: no,
    isFIFO: no,
    isSocket: no,
    mode: 0o644,
    size: 0,
    mtimeMs: 0,
    ctimeMs: 0,
    nlink: 1,
    dev: 1,
    ino: 1,
  });
  return {
    names: (directory) => (directory === "" ? [...names] : []),
    stat: of,
    target: () => "",
    open: (path): OpenFile => ({ stat: () => of(path), read: () => 0, [Symbol.dispose]: () => {} }),
    identity: () => undefined,
  };
}

it.each(["..\\outside", "C:\\outside", "file:stream", "a?", "a*", '"a"', "a<b", "a|b", "a\tb", "dot.", "space "])(
  "on Windows an image's file %j is refused, and on Linux it is written",
  async (name) => {
    await expect(writeTree(treeOf(name), root, "win32")).rejects.toThrow(Unwritable);
    expect(readdirSync(root)).toEqual([]);
    await writeTree(treeOf(name), root, "linux");
    expect(readdirSync(root)).toEqual([name]);
  },
);

it("names that differ only in case or in how an accent is written are all written where the disk has them all", async () => {
  const names = ["README", "readme", "é", "é".normalize("NFD")];
  await writeTree(treeOf(...names.map((name) => Buffer.from(name).toString("latin1"))), root);
  expect(readdirSync(root).toSorted()).toEqual(names.toSorted());
});
