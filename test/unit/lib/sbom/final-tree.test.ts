import { expect, it } from "vitest";
import { FinalTree } from "../../../../src/lib/sbom/final-tree.ts";

interface Value {
  readonly from: string;
}

type Step =
  | readonly ["layer"]
  | readonly ["file" | "other" | "directory", string]
  | readonly ["symlink", string, string];

/** Lays one step after the other; a file's value is the number of its layer. */
function lay(steps: readonly Step[]): string[] {
  const tree = new FinalTree<Value>();
  let layer = 0;
  for (const [kind, name = "", target = ""] of steps) {
    if (kind === "layer") {
      tree.nextLayer();
      layer++;
      continue;
    }
    const path = tree.resolve(name);
    if (kind === "directory") tree.directory(path);
    else if (kind === "symlink") tree.symlink(path, target);
    else tree.file(path, kind === "file" ? { from: String(layer) } : undefined);
  }
  return [...tree.files()].map(([path, { from }]) => `${path} ${from}`).sort();
}

it.each<[string, readonly Step[], string[]]>([
  ["files of all layers", [["file", "a/b"], ["layer"], ["file", "./a/c"], ["file", "/d"]], ["a/b 0", "a/c 1", "d 1"]],
  ["the later of two", [["file", "a"], ["layer"], ["file", "a"]], ["a 1"]],
  [
    "the later of two in one layer",
    [
      ["file", "a"],
      ["file", "a"],
      ["other", "b"],
      ["file", "b"],
    ],
    ["a 0", "b 0"],
  ],
  ["nothing of a file that was deleted", [["file", "a/b"], ["layer"], ["other", "a/.wh.b"]], []],
  ["nothing of a directory that was deleted", [["file", "a/b/c"], ["file", "a/d"], ["layer"], ["other", ".wh.a"]], []],
  [
    "what was deleted and came again",
    [["file", "a"], ["layer"], ["other", ".wh.a"], ["layer"], ["file", "a"]],
    ["a 2"],
  ],
  [
    "what a whiteout of its own layer names, before it",
    [["file", "a/b"], ["layer"], ["other", "a/.wh.b"], ["file", "a/b"]],
    ["a/b 1"],
  ],
  [
    "what a whiteout of its own layer names, after it",
    [["file", "a/b"], ["layer"], ["file", "a/b"], ["other", "a/.wh.b"]],
    ["a/b 1"],
  ],
  [
    "of an opaque directory what is its own layer's, wherever the mark stands",
    [
      ["file", "a/b"],
      ["file", "a/c/d"],
      ["file", "e"],
      ["layer"],
      ["file", "a/c/n"],
      ["other", "a/.wh..wh..opq"],
      ["file", "a/f"],
    ],
    ["a/c/n 1", "a/f 1", "e 0"],
  ],
  ["nothing below an opaque root", [["file", "a/b"], ["layer"], ["other", ".wh..wh..opq"], ["file", "c"]], ["c 1"]],
  [
    "all, where AUFS left notes",
    [["file", "a/b"], ["layer"], ["other", ".wh..wh.plnk"], ["other", "a/.wh..wh.aufs"]],
    ["a/b 0"],
  ],
  ["nothing below what is no directory any more", [["file", "a/b/c"], ["layer"], ["other", "a/b"]], []],
  ["nothing of a file that is a directory", [["file", "a"], ["layer"], ["directory", "a"]], []],
  [
    "what is in a directory that is named again",
    [["file", "a/b"], ["layer"], ["directory", "a/"], ["directory", "./"]],
    ["a/b 0"],
  ],
  ["nothing of a file where something is below it", [["file", "a"], ["layer"], ["file", "a/b"]], ["a/b 1"]],
  ["nothing of what something else replaces", [["file", "a"], ["layer"], ["other", "a"]], []],
  [
    "nothing outside",
    [
      ["file", "../../a"],
      ["file", "b/../../c"],
      ["file", "d//./e"],
      ["file", "/"],
      ["file", ".."],
    ],
    ["a 0", "c 0", "d/e 0"],
  ],
  [
    "files where symlinks of directories lead",
    [["symlink", "lib", "usr/lib"], ["file", "usr/lib/x"], ["layer"], ["file", "lib/x"], ["file", "lib/y"]],
    ["usr/lib/x 1", "usr/lib/y 1"],
  ],
  [
    "whiteouts there too",
    [
      ["symlink", "lib", "/usr/lib"],
      ["file", "usr/lib/x"],
      ["file", "usr/lib/d/z"],
      ["layer"],
      ["other", "lib/.wh.x"],
      ["other", "lib/d/.wh..wh..opq"],
    ],
    [],
  ],
  [
    "files where symlinks lead upwards, and through others",
    [["symlink", "var/lib/rpm", "../../usr/rpm"], ["symlink", "usr", "/real"], ["layer"], ["file", "var/lib/rpm/db"]],
    ["real/rpm/db 1"],
  ],
  [
    "files of a directory that took a symlink's place",
    [["symlink", "lib", "usr/lib"], ["layer"], ["directory", "lib"], ["file", "lib/x"]],
    ["lib/x 1"],
  ],
  [
    "files whose symlink was deleted",
    [["symlink", "lib", "usr/lib"], ["layer"], ["other", ".wh.lib"], ["file", "lib/x"]],
    ["lib/x 1"],
  ],
  [
    "an end of symlinks that go round",
    [
      ["symlink", "a", "b"],
      ["symlink", "b", "a"],
      ["file", "a/x"],
    ],
    ["a/x 0"],
  ],
  [
    "names of JavaScript's own",
    [["file", "__proto__/constructor"], ["layer"], ["file", "__proto__/toString"]],
    ["__proto__/constructor 0", "__proto__/toString 1"],
  ],
])("has %s", (_, steps, files) => {
  expect(lay(steps)).toEqual(files);
});

it("stays as it was when its copy changes", () => {
  const tree = new FinalTree<Value>();
  tree.file("a/b", { from: "0" });
  const copy = tree.copy();
  copy.nextLayer();
  copy.file("a/.wh.b");
  copy.file("c", { from: "1" });
  expect([...tree.files()].map(([path]) => path)).toEqual(["a/b"]);
  expect([...copy.files()].map(([path]) => path)).toEqual(["c"]);
});

it("very deep paths are accepted", () => {
  const tree = new FinalTree<Value>();
  const deep = Array.from({ length: 2048 }, () => "d").join("/");
  tree.file(`${deep}/f`, { from: "0" });
  expect([...tree.copy().files()].map(([path]) => path)).toEqual([`${deep}/f`]);
  tree.nextLayer();
  tree.file(".wh.d");
  expect([...tree.files()]).toEqual([]);
});
