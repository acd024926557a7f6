import { spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import type { PackNote } from "../../../src/pack/pack.ts";
import { parseIgnoreFile } from "../../../src/lib/dockerignore/dockerignore.ts";
import { DiskTree } from "../../../src/pack/tree.ts";
import { walkContext, type WalkEntry } from "../../../src/pack/walk.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { TempTree } from "./trees.ts";

function walk(root: string, ignore = ""): { entries: WalkEntry[]; paths: string[]; notes: PackNote[] } {
  const notes: PackNote[] = [];
  const steps = [...walkContext(new DiskTree(root), parseIgnoreFile(ignore), (note) => notes.push(note))];
  const entries = steps.filter((step) => step !== undefined);
  return { entries, paths: entries.map((entry) => entry.path), notes };
}

test("directories come before what is in them, names by their bytes", () => {
  using tree = new TempTree({ "b/x": "", "b.txt": "", "b-": "", B: "", é: "", z: "", "a/": "" });
  expect(walk(tree.root).paths).toEqual(["B", "a", "b", "b/x", "b-", "b.txt", "z", "\xc3\xa9"].sort(byWalk));
  expect(walk(tree.root).paths).toEqual(["B", "a", "b", "b/x", "b-", "b.txt", "z", "\xc3\xa9"]);
});

/** A slash sorts before everything: fsutil's ComparePath. */
function byWalk(left: string, right: string): number {
  const [a, b] = [left.replaceAll("/", "\0"), right.replaceAll("/", "\0")];
  return a < b ? -1 : Number(a > b);
}

test("symlinks are not followed, wherever they point", () => {
  using tree = new TempTree({ "d/x": "", in: "-> d", out: "-> /etc", gone: "-> nowhere", loop: "-> loop" });
  const { entries } = walk(tree.root);
  expect(entries.filter((entry) => entry.kind === "symlink").map((entry) => [entry.path, entry.target])).toEqual([
    ["gone", "nowhere"],
    ["in", "d"],
    ["loop", "loop"],
    ["out", "/etc"],
  ]);
  expect(entries).toHaveLength(6);
});

test("the root may be a symlink to a directory", () => {
  using tree = new TempTree({ "real/x": "", link: "-> real" });
  expect(walk(tree.at("link")).paths).toEqual(["x"]);
});

test("a root that is not a directory is refused", () => {
  using tree = new TempTree({ file: "" });
  expect(() => walk(tree.at("file"))).toThrow(/file is not a directory/);
  expect(() => walk(tree.at("nowhere"))).toThrow(/cannot read the build context .*nowhere: it does not exist/);
});

test("a file that a ! line includes again brings its directories, and nothing else", () => {
  using tree = new TempTree({ "a/b/keep": "", "a/b/drop": "", "a/c/drop": "", "d/e/": "", f: "" });
  expect(walk(tree.root, "*\n!a/b/keep").paths).toEqual(["a", "a/b", "a/b/keep"]);
  expect(walk(tree.root, "*\n!**/keep").paths).toEqual(["a", "a/b", "a/b/keep"]);
  expect(walk(tree.root, "*\n!d/e").paths).toEqual(["d", "d/e"]);
});

test("directories that are left out are not entered", () => {
  using tree = new TempTree({ "node_modules/a/b": "", x: "" });
  const asked: string[] = [];
  const disk = new DiskTree(tree.root);
  const spy = {
    names: (directory: string) => {
      asked.push(directory);
      return disk.names(directory);
    },
    stat: (file: string) => disk.stat(file),
    target: (file: string) => disk.target(file),
  };
  for (const ignore of ["node_modules", "node_modules\n!x", "**/node_modules\n!node_modules2/a"]) {
    expect([...walkContext(spy, parseIgnoreFile(ignore), () => {})].map((entry) => entry?.path)).toEqual(["x"]);
  }
  expect(asked).toEqual(["", "", ""]);
});

test("names that are not UTF-8 survive", () => {
  using tree = new TempTree();
  const name = Buffer.from("caf\xe9", "latin1");
  const directory = Buffer.concat([Buffer.from(`${tree.root}/`), Buffer.from("d\xff", "latin1")]);
  fs.mkdirSync(directory);
  fs.writeFileSync(Buffer.concat([directory, Buffer.from("/"), name]), "");
  fs.symlinkSync(name, Buffer.concat([directory, Buffer.from("/l")]));
  expect(walk(tree.root).entries.map((entry) => [entry.path, entry.target])).toEqual([
    ["d\xff", undefined],
    ["d\xff/caf\xe9", undefined],
    ["d\xff/l", "caf\xe9"],
  ]);
});

test("sockets and FIFOs are left out with a note, unless they are left out anyway", async () => {
  using tree = new TempTree({ x: "" });
  spawnSync("mkfifo", [tree.at("pipe")]);
  const server = createServer().listen(tree.at("sock"));
  await once(server, "listening");
  const { paths, notes } = walk(tree.root);
  const ignoring = walk(tree.root, "pipe\nsock\n!y");
  server.close();
  expect(paths).toEqual(["x"]);
  expect(notes).toEqual([
    { path: "pipe", reason: "fifo" },
    { path: "sock", reason: "socket" },
  ]);
  expect(ignoring.notes).toEqual([]);
});

test("walking pauses now and then", () => {
  using tree = new TempTree(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`f${index}`, ""])));
  const steps = [...walkContext(new DiskTree(tree.root), parseIgnoreFile("f1*"), () => {})];
  expect(steps.filter((step) => step === undefined)).toHaveLength(2);
});

/** Walks as the user nobody, so that file modes apply even if the tests run as root. */
function walkAsNobody(root: string, ignore: string): unknown {
  const source = path.join(import.meta.dirname, "../../../src");
  const program = `
    import { parseIgnoreFile } from "${source}/lib/dockerignore/dockerignore.ts";
    import { DiskTree } from "${source}/pack/tree.ts";
    import { walkContext } from "${source}/pack/walk.ts";
    try {
      const paths = [...walkContext(new DiskTree(${JSON.stringify(root)}), parseIgnoreFile(${JSON.stringify(ignore)}), () => {})];
      console.log(JSON.stringify({ paths: paths.map((entry) => entry.path) }));
    } catch (error) {
      console.log(JSON.stringify({ name: error.name, message: error.message, suggestions: error.suggestions }));
    }`;
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], { ...nobody, encoding: "utf8" });
  return JSON.parse(run.stdout || JSON.stringify(run.stderr)) as unknown;
}

test("an unreadable directory is an error with its path, unless it is excluded", () => {
  using tree = new TempTree({ "a/secret/x": "", b: "" });
  fs.chmodSync(tree.root, 0o755);
  fs.chmodSync(tree.at("a/secret"), 0o700);
  if (process.getuid?.() !== 0) fs.chmodSync(tree.at("a/secret"), 0);
  expect(walkAsNobody(tree.root, "")).toEqual({
    name: InvalidInput.name,
    message: "cannot read a/secret in the build context: permission denied",
    suggestions: ["Make it readable: chmod -R u+rX a/secret", "Or exclude it: add a/secret to .dockerignore."],
  });
  expect(walkAsNobody(tree.root, "a/secret")).toEqual({ paths: ["a", "b"] });
  expect(walkAsNobody(tree.root, "a/secret\n!**/y")).toEqual({ paths: ["a", "b"] });
  // Readable names, but nothing more is to be had of what they name.
  fs.chmodSync(tree.at("a/secret"), 0o744);
  expect(walkAsNobody(tree.root, "a/secret/*")).toEqual({ paths: ["a", "a/secret", "b"] });
  expect(walkAsNobody(tree.root, "a/secret/*\n!**/y")).toEqual({ paths: ["a", "a/secret", "b"] });
  if (process.getuid?.() !== 0) fs.chmodSync(tree.at("a/secret"), 0o700);
});
