/** The context as BuildKit's file sync takes it: the same paths as an archive has, with all that is exact about them. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StatPackets } from "../../../src/lib/buildkit/services/stat-packets.ts";
import type { SyncEntry } from "../../../src/lib/buildkit/services/stat-packets.ts";
import { PACKET } from "../../../src/lib/buildkit/messages.ts";
import { decode } from "../../../src/lib/buildkit/protobuf.ts";
import { fillRandomly } from "./random-tree.ts";
import { ContextTree, FileVanished, memoryTree } from "../../../src/pack/sync-tree.ts";
import type { PackNote } from "../../../src/pack/pack.ts";

let root: string;
let notes: PackNote[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slipway-sync-"));
  notes = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function treeOf(ignoreFile?: string, latest?: number): ContextTree {
  const bytes = ignoreFile === undefined ? undefined : Buffer.from(ignoreFile);
  return new ContextTree({ root, ignoreFile: bytes, latest, onNote: (note) => notes.push(note) });
}

/** What a tree lists that was not listed ahead. */
function listed(tree: ContextTree, followPaths: readonly string[] = []): SyncEntry[] {
  return [...tree.entries({ name: "context", followPaths })].filter((part) => isEntry(part));
}

function isEntry(part: SyncEntry | StatPackets | undefined): part is SyncEntry {
  return part !== undefined && !(part instanceof StatPackets);
}

/** What the daemon is sent. */
function packetsOf(tree: ContextTree, followPaths: readonly string[] = []): StatPackets {
  const all = new StatPackets();
  for (const part of tree.entries({ name: "context", followPaths })) {
    if (part instanceof StatPackets) all.addAll(part);
    else if (part !== undefined) all.add(part);
  }
  return all;
}

/** The packets without their gRPC prefixes. */
function statsIn({
  bytes,
}: StatPackets): { readonly path: string; readonly mode: number; readonly linkname: string }[] {
  const stats = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    const { stat } = decode(PACKET, bytes.subarray(at + 5, end));
    if (stat !== undefined) stats.push(stat);
    at = end;
  }
  return stats;
}

const pathsOf = (entries: readonly SyncEntry[]): string[] => entries.map(({ path }) => path);

function content(tree: ContextTree, path: string): string {
  return Buffer.concat([...tree.read(path)].map((piece) => Buffer.from(piece))).toString();
}

describe("a context", () => {
  it("is listed in fsutil's order with modes, times to the nanosecond, and links", () => {
    mkdirSync(join(root, "a"));
    writeFileSync(join(root, "a/x"), "x");
    writeFileSync(join(root, "a-b"), "y");
    writeFileSync(join(root, "a.txt"), "z");
    linkSync(join(root, "a/x"), join(root, "z-hard"));
    symlinkSync("../\u00e9", join(root, "link"));
    chmodSync(join(root, "a"), 0o2770);
    chmodSync(join(root, "a-b"), 0o4755);
    execFileSync("touch", ["-d", "1960-01-02 03:04:05.123456789Z", join(root, "a.txt")]);
    const entries = listed(treeOf());
    expect(pathsOf(entries)).toEqual(["a", "a/x", "a-b", "a.txt", "link", "z-hard"]);
    const of = (path: string): SyncEntry | undefined => entries.find((entry) => entry.path === path);
    expect(of("a")?.mode).toBe(0o42770);
    expect((of("a-b")?.mode ?? 0) & 0o7777).toBe(0o4755);
    expect(of("a.txt")?.mtime).toBe(BigInt(Date.parse("1960-01-02T03:04:05Z")) * 1_000_000n + 123_456_789n);
    expect(of("link")?.link).toBe("../\xc3\xa9");
    expect(of("z-hard")).toMatchObject({ kind: "file", link: "a/x" });
    expect(of("a/x")?.link).toBeUndefined();
  });

  it("keeps to the rules, and to what the daemon will use", () => {
    for (const name of ["keep", "drop.log", "keep.log", "other"]) writeFileSync(join(root, name), "");
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/f"), "");
    const rules = "*.log\n!keep.log\n";
    expect(pathsOf(listed(treeOf(rules)))).toEqual(["d", "d/f", "keep", "keep.log", "other"]);
    expect(pathsOf(listed(treeOf(rules), ["d", "keep*"]))).toEqual(["d", "d/f", "keep", "keep.log"]);
    expect(listed(treeOf(rules), [".dockerignore"])).toEqual([]);
  });

  it("has names that are not UTF-8, and their content", () => {
    const name = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);
    writeFileSync(name, "latin");
    expect(pathsOf(listed(treeOf()))).toEqual(["caf\xe9"]);
    expect(content(treeOf(), "caf\xe9")).toBe("latin");
  });

  it("leaves out what no image can hold, and says so", () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect(listed(treeOf())).toEqual([]);
    expect(notes).toEqual([{ path: "pipe", reason: "fifo" }]);
  });

  it("has no time later than the latest, where there is one", () => {
    writeFileSync(join(root, "f"), "");
    lutimesSync(join(root, "f"), 2_000_000_000, 2_000_000_000);
    expect(listed(treeOf(undefined, 1000))[0]?.mtime).toBe(1_000_000_000_000n);
  });

  it("listed ahead in any part is the same", async () => {
    for (let at = 0; at < 1500; at++) writeFileSync(join(root, `f${at}`), "");
    for (const followPaths of [[], ["f1"]]) {
      const whole = packetsOf(treeOf(), followPaths);
      for (const wait of [0, 1, 50]) {
        const tree = treeOf();
        tree.listAhead();
        await pause(wait);
        const packets = packetsOf(tree, followPaths);
        expect(packets.bytes.equals(whole.bytes)).toBe(true);
        expect([...packets.files()]).toEqual([...whole.files()]);
        expect(tree.listed).toBe(followPaths.length === 0 ? 1500 : 1);
      }
    }
  });

  it("has hard links only to paths that are listed, whatever the daemon will use", async () => {
    let links = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const directory = join(root, String(seed));
      mkdirSync(directory);
      fillRandomly(directory, seed);
      const context = { root: directory, ignoreFile: undefined, onNote: () => {} };
      const names = listed(new ContextTree(context)).filter(({ path }) => !path.includes("/"));
      for (const { path } of [{ path: "" }, ...names]) {
        // Wildcards in it are escaped as in Go's patterns.
        const followPaths =
          path === ""
            ? []
            : [
                Buffer.from(path, "latin1")
                  .toString()
                  .replaceAll(/[\\*?[]/g, "\\$&"),
              ];
        const ahead = new ContextTree(context);
        ahead.listAhead();
        await pause(2);
        const packets = packetsOf(ahead, followPaths);
        const whole = packetsOf(new ContextTree(context), followPaths);
        expect(packets.bytes.equals(whole.bytes), `seed ${seed}, ${path}`).toBe(true);
        const before = new Set<string>();
        for (const stat of statsIn(packets)) {
          const isHardLink = stat.linkname !== "" && stat.mode < 2 ** 27;
          if (isHardLink) links++;
          expect(isHardLink && !before.has(stat.linkname), `${stat.path} -> ${stat.linkname}`).toBe(false);
          before.add(stat.path);
        }
      }
    }
    expect(links).toBeGreaterThan(50);
  });

  it("that changed while it was read is sent as it is, with a word about it", () => {
    writeFileSync(join(root, "f"), "one");
    const tree = treeOf();
    const pieces = tree.read("f");
    const first = pieces.next();
    expect(first.done).toBe(false);
    writeFileSync(join(root, "f"), "longer than before");
    for (const _ of pieces);
    expect(notes).toEqual([{ path: "f", reason: "changed" }]);
  });

  it("whose file is gone is to be listed again", () => {
    writeFileSync(join(root, "f"), "one");
    const tree = treeOf();
    listed(tree);
    unlinkSync(join(root, "f"));
    expect(() => content(tree, "f")).toThrow(FileVanished);
  });
});

describe("files made here", () => {
  it("are listed by their bytes and read", () => {
    const tree = memoryTree({ Dockerfile: Buffer.from("FROM scratch"), "Dockerfile.dockerignore": Buffer.from("#") });
    const entries = [...tree.entries({ name: "dockerfile", followPaths: [] })].filter((part) => isEntry(part));
    expect(entries.map((entry) => [entry.path, entry.size])).toEqual([
      ["Dockerfile", 12],
      ["Dockerfile.dockerignore", 1],
    ]);
    expect(Buffer.concat([...(tree.read("Dockerfile") as Iterable<Uint8Array>)]).toString()).toBe("FROM scratch");
  });
});
