/** What a context of Windows or macOS becomes, from facts of these systems: see test/windows for the first on a Windows that is emulated. */
import { describe, expect, it } from "vitest";
import { readIgnoreLines } from "../../../src/lib/dockerignore/ignore-lines.ts";
import { archivedMode } from "../../../src/pack/archive-sink.ts";
import { findPrunedPaths } from "../../../src/pack/pruned-paths.ts";
import { DiskTree } from "../../../src/pack/tree.ts";
import { pack, readArchive, TempTree } from "./trees.ts";

describe("a context on Windows", () => {
  it.each([
    ["a file", 0o100666, 0o755],
    ["a read-only file", 0o100444, 0o555],
    ["a directory", 0o40666, 0o755],
    ["a link", 0o120666, 0o755],
  ])("gives %s the mode that docker gives it", (_, mode, archived) => {
    expect(archivedMode({ mode }, "win32")).toBe(archived);
  });

  it("keeps the modes of other systems", () => {
    expect(["linux", "darwin"].map((platform) => archivedMode({ mode: 0o104640 }, platform))).toEqual([0o4640, 0o4640]);
  });

  it.each([
    ["..\\shared\\lib", "../shared/lib"],
    ["C:\\project\\shared\\", "C:/project/shared/"],
    ["\\\\server\\share\\lib", "//server/share/lib"],
  ])("has a link to %s with slashes", (target, sent) => {
    using tree = new TempTree({ link: `-> ${target}` });
    expect(new DiskTree(tree.root, "win32").target("link")).toBe(sent);
    expect(new DiskTree(tree.root, "linux").target("link")).toBe(target);
  });

  it("is sent whole if COPY uses a junction, whose target has a drive", () => {
    using tree = new TempTree({ junction: "-> C:\\project\\shared", "shared/a": "" });
    expect(findPrunedPaths(new DiskTree(tree.root, "win32"), ["junction/a"])).toBeUndefined();
  });

  it.each([
    ["out\\*.js", "out/*.js"],
    ["!src\\keep\\", "src/keep"],
    [".\\a\\..\\b", "b"],
    ["a/b", "a/b"],
  ])("reads %s in .dockerignore as %s", (line, pattern) => {
    expect(readIgnoreLines(`${line}\r\n`, ".dockerignore", "win32").map((read) => read.pattern)).toEqual([pattern]);
  });

  it("reads a backslash in .dockerignore as an escape on other systems", () => {
    expect(readIgnoreLines("a\\*b\n", ".dockerignore", "darwin").map((read) => read.pattern)).toEqual(["a\\*b"]);
  });
});

describe("a context on macOS", () => {
  it("has the files of the Finder and of resource forks, as docker sends them", async () => {
    using tree = new TempTree({ ".DS_Store": "x", "._a": "x", a: "x", "d/._b": "x" });
    const { archive } = await pack(tree.root, { prefix: "" });
    expect(readArchive(archive).map(({ path }) => path)).toEqual(expect.arrayContaining([".DS_Store", "._a", "d/._b"]));
  });

  it("has the names as the disk has them, and COPY has to write an accent in the same way", async () => {
    const [composed, decomposed] = ["café", "café".normalize("NFD")];
    using tree = new TempTree({ [decomposed]: "x" });
    const { archive } = await pack(tree.root, { prefix: "" });
    expect(readArchive(archive).map(({ path }) => path)).toContain(decomposed);
    expect(decomposed).not.toBe(composed);
  });
});
