import { describe, expect, it } from "vitest";
import { parseIgnoreFile } from "../../../src/lib/dockerignore/dockerignore.ts";
import { findPrunedPaths } from "../../../src/pack/pruned-paths.ts";
import { DiskTree } from "../../../src/pack/tree.ts";
import { walkContext } from "../../../src/pack/walk.ts";
import { pack, readArchive, TempTree } from "./trees.ts";

async function packed(root: string, patterns: readonly string[], ignoreFile?: string): Promise<string[] | undefined> {
  const filter = findPrunedPaths(new DiskTree(root), patterns);
  if (filter === undefined) return undefined;
  const { archive } = await pack(root, { filter, ignoreFile, prefix: "", marker: "end" });
  return readArchive(archive)
    .map(({ path }) => path)
    .slice(0, -1);
}

describe("pruned paths", () => {
  it.each<[name: string, files: Record<string, string>, patterns: string[], expected: string[]]>([
    [
      "files and all below directories",
      { "a/b/c": "1", "a/d": "2", e: "3", f: "4" },
      ["a/b", "e"],
      ["a/", "a/b/", "a/b/c", "e"],
    ],
    [
      "what wildcards may match",
      { "p.json": "", "p-lock.json": "", "q.json": "", "d/p.json": "" },
      ["p*.json"],
      ["p-lock.json", "p.json"],
    ],
    [
      "directories by wildcard",
      { "x/a/f": "", "x/b/f": "", "x/b/g": "" },
      ["x/*/f"],
      ["x/", "x/a/", "x/a/f", "x/b/", "x/b/f"],
    ],
    ["more than a class would", { a1: "", b1: "", b2: "" }, ["b[2]"], ["b1", "b2"]],
    ["what is below two stars", { "a/b/c": "", "a/d": "", e: "" }, ["a/**/c"], ["a/", "a/b/", "a/b/c", "a/d"]],
    [
      "where a symlink leads",
      { link: "-> real/file", "real/file": "1", "real/other": "2" },
      ["link"],
      ["link", "real/", "real/file"],
    ],
    [
      "what is behind a linked directory",
      { link: "-> ./real/", "real/a/f": "", "real/b": "" },
      ["link/a"],
      ["link", "real/", "real/a/", "real/a/f"],
    ],
    ["links to links", { a: "-> b", b: "-> /d/c", "d/c": "", "d/e": "" }, ["a"], ["a", "b", "d/", "d/c"]],
    [
      "links by wildcard",
      { "l/x": "-> ../r/x", "r/x/f": "", "r/y/f": "" },
      ["l/*/f"],
      ["l/", "l/x", "r/", "r/x/", "r/x/f"],
    ],
    ["links within a directory, as they are", { "d/l": "-> ../r", r: "" }, ["d"], ["d/", "d/l"]],
    ["all, for a link to the root", { "d/l": "-> ..", r: "" }, ["d/l"], ["d/", "d/l", "r"]],
    ["nothing for what is not there", { a: "" }, ["b/c"], []],
    ["nothing for no pattern", { a: "" }, [], []],
  ])("have %s", async (_, files, patterns, expected) => {
    using tree = new TempTree(files);
    expect(await packed(tree.root, patterns)).toEqual(expected);
  });

  it("keep to the ignore rules", async () => {
    using tree = new TempTree({ "a/b/keep": "", "a/b/drop": "", "a/c": "", d: "" });
    expect(await packed(tree.root, ["a/b"], "a\n!a/b/keep")).toEqual(["a/", "a/b/", "a/b/keep"]);
  });

  it.each([
    ["a symlink that goes down and up", { l: "-> d/../x", "d/y": "", x: "" }],
    ["a circle of symlinks", { l: "-> m", m: "-> l" }],
  ])("are not known for %s", async (_, files: Record<string, string>) => {
    using tree = new TempTree(files);
    expect(await packed(tree.root, ["l"])).toBeUndefined();
  });

  it("a path is recognised as used or not", () => {
    using tree = new TempTree({ "a/b/c": "", d: "" });
    const paths = findPrunedPaths(new DiskTree(tree.root), ["a/b"]);
    expect(["a", "a/b", "a/b/c", "a/x", "d"].map((path) => paths?.covers(path))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it("need not look into what nobody copies", () => {
    using files = new TempTree({ a: "", "locked/b": "" });
    class LockedTree extends DiskTree {
      override names(directory: string): string[] {
        if (directory === "locked") throw Object.assign(new Error("EACCES"), { code: "EACCES" });
        return super.names(directory);
      }
    }
    const tree = new LockedTree(files.root);
    const filter = findPrunedPaths(tree, ["a"]);
    const entries = [...walkContext(tree, parseIgnoreFile(undefined), () => {}, filter)];
    expect(entries.map((entry) => entry?.path)).toEqual(["a"]);
    expect(findPrunedPaths(tree, ["locked/*"])).toBeUndefined();
  });
});
