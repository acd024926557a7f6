import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { packContext } from "../../../src/pack/pack.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { describeTree, hasCommand, pack, packOptions, readArchive, TempTree, unpack } from "./trees.ts";

/** Of every kind that can be packed. */
function makeAllKinds(): TempTree {
  const tree = new TempTree({
    empty: "",
    "empty-directory/": "",
    "src/main.go": "package main\n",
    "src/deep/er/": "",
    "big.bin": randomBytes(3_500_000),
    "big.txt": "all work and no play\n".repeat(120_000),
    medium: randomBytes(61_440),
    block: randomBytes(512),
    "é/😀": "unicode",
    link: "-> src/main.go",
    dangling: "-> /nowhere/at/all",
    "long-link": `-> ${"x/".repeat(150)}y`,
    [`${"d".repeat(120)}/${"e".repeat(120)}/${"f".repeat(120)}`]: "long",
    "tool.sh": "#!/bin/sh\n",
    setuid: "",
    "shared/": "",
    readonly: "",
    old: "",
  });
  fs.writeFileSync(Buffer.concat([Buffer.from(`${tree.root}/`), Buffer.from("caf\xe9", "latin1")]), "latin-1");
  fs.linkSync(tree.at("src/main.go"), tree.at("src/same.go"));
  fs.chmodSync(tree.at("tool.sh"), 0o755);
  fs.chmodSync(tree.at("setuid"), 0o6755);
  fs.chmodSync(tree.at("shared"), 0o1777);
  fs.chmodSync(tree.at("readonly"), 0o400);
  fs.utimesSync(tree.at("old"), 1_000_000_000, 1_000_000_000.9);
  return tree;
}

const READERS: [string, readonly [string, ...string[]]][] = [
  ["GNU tar", ["tar"]],
  ["busybox", ["busybox", "tar"]],
];

describe.each([0, 1, 6])("a tree packed at level %i", (level) => {
  test.each(READERS)("comes out of %s as it was", async (_, command) => {
    if (!hasCommand(command[0])) return;
    using tree = makeAllKinds();
    using copy = new TempTree();
    const { archive, notes } = await pack(tree.root, {
      level,
      marker: ".complete",
      extra: [{ path: "meta/Dockerfile", data: Buffer.from("FROM x") }],
    });
    unpack(archive, copy.root, command);
    // busybox dates a directory before it fills it.
    const dated = command[0] === "tar";
    expect(describeTree(copy.at("context"), dated)).toEqual(describeTree(tree.root, dated));
    expect(fs.readFileSync(copy.at("meta/Dockerfile"), "utf8")).toBe("FROM x");
    expect(fs.existsSync(copy.at(".complete"))).toBe(true);
    expect(notes).toEqual([]);
  });

  test("npm's tar reads the archive, in order", async () => {
    using tree = makeAllKinds();
    const { archive, totals } = await pack(tree.root, { level });
    const entries = readArchive(archive);
    const paths = entries.map((entry) => entry.path);
    expect(paths.slice(0, 3)).toEqual(["context/", "context/big.bin", "context/big.txt"]);
    expect(
      entries.find((entry) => entry.path === "context/big.bin")?.content.equals(fs.readFileSync(tree.at("big.bin"))),
    ).toBe(true);
    expect(entries.find((entry) => entry.path === "context/src/same.go")).toMatchObject({
      type: "Link",
      target: "context/src/main.go",
      size: 0,
    });
    expect(entries.find((entry) => entry.path === "context/old")?.mtime).toBe(1_000_000_000);
    expect(entries.find((entry) => entry.path === "context/é/😀")?.content.toString()).toBe("unicode");
    expect(totals).toEqual({
      entries: entries.length - 1,
      fileBytes: entries.reduce((sum, entry) => sum + entry.size, 0),
      archiveBytes: archive.length,
      tarBytes: (level === 0 ? archive : gunzipSync(archive)).length,
    });
  });
});

test("the archive ends in two empty blocks, the marker right before them", async () => {
  using tree = new TempTree({ z: "" });
  const { archive } = await pack(tree.root, { marker: ".slipway-complete" });
  const tar = gunzipSync(archive);
  expect(tar.length % 512).toBe(0);
  expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
  expect(tar.toString("latin1", tar.length - 2048, tar.length - 2031)).toBe(".slipway-complete");
  expect(readArchive(archive).at(-1)).toMatchObject({ path: ".slipway-complete", type: "File", mode: 0o644 });
});

test("extra files come first, each with its directories", async () => {
  using tree = new TempTree({ x: "1" });
  const data = Buffer.from("y");
  const { archive, totals } = await pack(tree.root, {
    prefix: "ctx",
    extra: [
      { path: "m/d/a", data },
      { path: "m/d/é", data },
      { path: "ctx.txt", data },
    ],
  });
  expect(readArchive(archive).map((entry) => entry.path)).toEqual([
    "m/",
    "m/d/",
    "m/d/a",
    "m/d/é",
    "ctx.txt",
    "ctx/",
    "ctx/x",
  ]);
  expect(totals).toMatchObject({ entries: 1, fileBytes: 1 });
});

test("without a prefix the archive contains only the context", async () => {
  using tree = new TempTree({ "a/x": "" });
  expect(readArchive((await pack(tree.root, { prefix: "" })).archive).map((entry) => entry.path)).toEqual([
    "a/",
    "a/x",
  ]);
});

test("an empty context is an archive with its directory", async () => {
  using tree = new TempTree();
  const { archive, totals } = await pack(tree.root);
  expect(readArchive(archive).map((entry) => entry.path)).toEqual(["context/"]);
  expect(totals.entries).toBe(0);
});

test.each([0, 6])("a latest time makes equal trees equal bytes at level %i", async (level) => {
  using one = makeAllKinds();
  using two = new TempTree();
  spawnSync("cp", ["-a", `${one.root}/.`, two.root]);
  fs.utimesSync(two.at("empty"), 1_600_000_000, 1_600_000_000);
  const options = { level, latest: 1_500_000_000, marker: ".complete" };
  expect((await pack(two.root, options)).archive.equals((await pack(one.root, options)).archive)).toBe(true);
  expect((await pack(two.root, { level })).archive.equals((await pack(one.root, { level })).archive)).toBe(false);
});

test("times before the latest one stay", async () => {
  using tree = new TempTree({ old: "", new: "" });
  fs.utimesSync(tree.at("old"), 1_000_000_000, 1_000_000_000);
  const { archive } = await pack(tree.root, { latest: 1_500_000_000, prefix: "" });
  expect(readArchive(archive).map(({ path, mtime }) => [path, mtime])).toEqual([
    ["new", 1_500_000_000],
    ["old", 1_000_000_000],
  ]);
});

test("the ignore file is in force, in bytes as in text", async () => {
  using tree = new TempTree({ "a.log": "", b: "", "node_modules/x": "" });
  for (const ignoreFile of ["*.log\nnode_modules", Buffer.from("*.log\nnode_modules")]) {
    const { archive } = await pack(tree.root, { ignoreFile });
    expect(readArchive(archive).map((entry) => entry.path)).toEqual(["context/", "context/b"]);
  }
  const options = packOptions(tree.root, { ignoreFile: "x\n[", ignoreName: "prod.Dockerfile.dockerignore" });
  expect(() => packContext(options)).toThrow("prod.Dockerfile.dockerignore line 2: [ is not a valid pattern");
});

test("a FIFO is left out with a note and keeps nobody waiting", async () => {
  using tree = new TempTree({ x: "" });
  spawnSync("mkfifo", [tree.at("pipe")]);
  const { archive, notes } = await pack(tree.root);
  expect(notes).toEqual([{ path: "pipe", reason: "fifo" }]);
  expect(readArchive(archive).map((entry) => entry.path)).toEqual(["context/", "context/x"]);
});

test("an archive can be packed again", async () => {
  using tree = makeAllKinds();
  const packed = packContext(packOptions(tree.root));
  const read = async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of packed) chunks.push(chunk);
    return [Buffer.concat(chunks), { ...packed.totals }] as const;
  };
  const [first, again] = [await read(), await read()];
  expect(again[0].equals(first[0])).toBe(true);
  expect(again[1]).toEqual(first[1]);
});

test("a file of 9 GiB has its true size, and is read as it is asked for", async () => {
  using tree = new TempTree();
  const size = 9 * 2 ** 30;
  fs.closeSync(fs.openSync(tree.at("huge"), "w"));
  fs.truncateSync(tree.at("huge"), size);
  const packed = packContext(packOptions(tree.root));
  const iterator = packed[Symbol.asyncIterator]();
  const first = Buffer.from((await iterator.next()).value as Uint8Array);
  await iterator.return?.();
  expect(packed.totals.archiveBytes).toBeLessThan(1_000_000);
  const listing = (command: string, ...args: string[]) => String(spawnSync(command, args, { input: first }).stdout);
  expect(listing("tar", "-tvzf", "-")).toMatch(new RegExp(`${size} .* context/huge`));
  const others = hasCommand("busybox") ? [listing("busybox", "tar", "-tvzf", "-")] : [];
  for (const other of others) expect(other).toMatch(new RegExp(`${size} .* context/huge`));
});

test("a missing context is an error before anything is given out", async () => {
  await expect(pack("/nowhere/at/all")).rejects.toBeInstanceOf(InvalidInput);
});
