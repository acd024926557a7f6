/** Files that do not keep still while they are packed, and readers that go away. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { PackNote } from "../../../src/pack/pack.ts";
import { packContext } from "../../../src/pack/pack.ts";
import { Interrupted, InvalidInput } from "../../../src/errors.ts";
import { packOptions, readArchive, TempTree } from "./trees.ts";

/** More than the packer ever reads ahead. */
const NOISE = randomBytes(10_000_000);

const { openSync, readSync, readdirSync } = fs;

/** Replaces functions of node:fs for all importers until the test is over. */
function replaceCalls(replacements: object): void {
  Object.assign(fs, replacements);
  syncBuiltinESMExports();
}

afterEach(() => replaceCalls({ openSync, readSync, readdirSync }));

/** Does something right before each opening of one file. */
function beforeOpen(file: string, act: () => void): void {
  replaceCalls({
    openSync: (...args: Parameters<typeof openSync>) => {
      if (args[0] === file) act();
      return openSync(...args);
    },
  });
}

/** Does something right after each reading from one file. */
function afterRead(file: string, act: () => void): void {
  replaceCalls({
    readSync: (...args: Parameters<typeof readSync>) => {
      const count = readSync(...args);
      if (fs.readlinkSync(`/proc/self/fd/${args[0]}`) === file) act();
      return count;
    },
  });
}

interface Outcome {
  readonly archive: Buffer;
  readonly notes: PackNote[];
}

/** Packs, with something done after the first chunk. */
async function pack(root: string, level: number, meanwhile: () => void = () => {}): Promise<Outcome> {
  const notes: PackNote[] = [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of packContext(packOptions(root, { level, onNote: (note) => notes.push(note) }))) {
    if (chunks.length === 0) meanwhile();
    chunks.push(chunk);
  }
  return { archive: Buffer.concat(chunks), notes };
}

function contentOf(archive: Buffer, file: string): string | undefined {
  return readArchive(archive)
    .find((entry) => entry.path === `context/${file}`)
    ?.content.toString();
}

function openDescriptors(root: string): string[] {
  return fs
    .readdirSync("/proc/self/fd")
    .map((descriptor) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
      } catch {
        return "";
      }
    })
    .filter((target) => target.startsWith(root));
}

describe.each([0, 1])("at level %i", (level) => {
  test("a file that is gone before its turn is noted", async () => {
    using tree = new TempTree({ a: NOISE, z: "late" });
    const { archive, notes } = await pack(tree.root, level, () => fs.rmSync(tree.at("z")));
    expect(notes).toEqual([{ path: "z", reason: "vanished" }]);
    expect(readArchive(archive).map((entry) => entry.path)).toEqual(["context/", "context/a"]);
  });

  test("a file that is gone when it is opened is noted", async () => {
    using tree = new TempTree({ x: "1", y: "2" });
    beforeOpen(tree.at("x"), () => fs.rmSync(tree.at("x")));
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([{ path: "x", reason: "vanished" }]);
    expect(contentOf(archive, "y")).toBe("2");
  });

  test("a directory that is gone when it is listed is noted", async () => {
    using tree = new TempTree({ "d/x": "1", y: "2" });
    replaceCalls({
      readdirSync: (...args: Parameters<typeof readdirSync>) => {
        if (args[0] === tree.at("d")) fs.rmSync(tree.at("d"), { recursive: true });
        return readdirSync(...args);
      },
    });
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([{ path: "d", reason: "vanished" }]);
    expect(readArchive(archive).map((entry) => entry.path)).toEqual(["context/", "context/y"]);
  });

  test("a file swapped for a symlink is not followed", async () => {
    using tree = new TempTree({ x: "1" });
    beforeOpen(tree.at("x"), () => {
      fs.rmSync(tree.at("x"));
      fs.symlinkSync("/etc/passwd", tree.at("x"));
    });
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([{ path: "x", reason: "vanished" }]);
    expect(contentOf(archive, "x")).toBeUndefined();
  });

  test("a file swapped for a FIFO keeps nobody waiting", async () => {
    using tree = new TempTree({ x: "1", y: "2" });
    beforeOpen(tree.at("x"), () => {
      fs.rmSync(tree.at("x"));
      spawnSync("mkfifo", [tree.at("x")]);
    });
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([{ path: "x", reason: "changed" }]);
    expect(contentOf(archive, "x")).toBeUndefined();
    expect(contentOf(archive, "y")).toBe("2");
  });

  test("a small file that changes while it is read is read again", async () => {
    using tree = new TempTree({ x: "before", y: "2" });
    let times = 0;
    afterRead(tree.at("x"), () => {
      if (times++ === 0) fs.writeFileSync(tree.at("x"), "after all");
    });
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([]);
    expect(contentOf(archive, "x")).toBe("after all");
    expect(contentOf(archive, "y")).toBe("2");
  });

  test("a small file replaced by another is read anew", async () => {
    using tree = new TempTree({ x: "before", y: "2" });
    let times = 0;
    using outside = new TempTree({ new: "replacement" });
    beforeOpen(tree.at("x"), () => {
      if (times++ === 0) fs.renameSync(outside.at("new"), tree.at("x"));
    });
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([]);
    expect(contentOf(archive, "x")).toBe("replacement");
  });

  test("a small file that never keeps still is noted, and whole as read", async () => {
    using tree = new TempTree({ x: "start", y: "2" });
    let times = 0;
    afterRead(tree.at("x"), () => fs.writeFileSync(tree.at("x"), "x".repeat(++times)));
    const { archive, notes } = await pack(tree.root, level);
    expect(notes).toEqual([{ path: "x", reason: "changed" }]);
    expect(contentOf(archive, "x")).toMatch(/^x{1,3}$/);
    expect(contentOf(archive, "y")).toBe("2");
  });

  test("a large file that grows is cut to the size it had, with a note", async () => {
    using tree = new TempTree({ a: NOISE, z: "2" });
    const { archive, notes } = await pack(tree.root, level, () => fs.appendFileSync(tree.at("a"), "more"));
    expect(notes).toEqual([{ path: "a", reason: "changed" }]);
    const entries = readArchive(archive);
    expect(entries.map((entry) => entry.path)).toEqual(["context/", "context/a", "context/z"]);
    expect(entries[1]?.content.equals(NOISE)).toBe(true);
  });

  test("a large file that is written to is noted", async () => {
    using tree = new TempTree({ a: NOISE });
    const { notes } = await pack(tree.root, level, () => fs.utimesSync(tree.at("a"), 5, 5));
    expect(notes).toEqual([{ path: "a", reason: "changed" }]);
  });

  test("a large file that shrinks is an error, and closed", async () => {
    using tree = new TempTree({ a: NOISE });
    const packing = pack(tree.root, level, () => fs.truncateSync(tree.at("a"), 9_000_000));
    await expect(packing).rejects.toThrow("a shrank from 10000000 to 9000000 bytes while it was being packed");
    await expect(packing).rejects.toBeInstanceOf(InvalidInput);
    expect(openDescriptors(tree.root)).toEqual([]);
  });

  test("a second name is content, not a link, when the first was gone", async () => {
    using tree = new TempTree({ x: "same" });
    fs.linkSync(tree.at("x"), tree.at("y"));
    beforeOpen(tree.at("x"), () => fs.rmSync(tree.at("x")));
    const { archive } = await pack(tree.root, level);
    expect(contentOf(archive, "y")).toBe("same");
  });

  test("aborting while nobody reads closes the file", async () => {
    using tree = new TempTree({ a: NOISE });
    const controller = new AbortController();
    const iterator = packContext(packOptions(tree.root, { level, signal: controller.signal }))[Symbol.asyncIterator]();
    await iterator.next();
    expect(openDescriptors(tree.root)).toHaveLength(1);
    const reason = new Interrupted("stopped");
    controller.abort(reason);
    await sleep(20);
    expect(openDescriptors(tree.root)).toEqual([]);
    await expect(iterator.next()).rejects.toBe(reason);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test("aborting while somebody waits ends the waiting", async () => {
    using tree = new TempTree({ a: NOISE });
    const controller = new AbortController();
    const reading = (async () => {
      let read = 0;
      for await (const chunk of packContext(packOptions(tree.root, { level, signal: controller.signal }))) {
        read += chunk.length;
        if (read > 5_000_000) controller.abort(new Interrupted("stopped"));
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(Interrupted);
    expect(openDescriptors(tree.root)).toEqual([]);
  });

  test("aborting from within a note is an ordinary abort", async () => {
    using tree = new TempTree({ x: "1", y: "2" });
    const controller = new AbortController();
    beforeOpen(tree.at("x"), () => fs.rmSync(tree.at("x")));
    const packed = packContext(
      packOptions(tree.root, {
        level,
        signal: controller.signal,
        onNote: () => controller.abort(new Interrupted("stopped")),
      }),
    );
    await expect(packed[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(Interrupted);
  });

  test("an aborted signal packs nothing", async () => {
    const packed = packContext(
      packOptions("/nowhere", { level, signal: AbortSignal.abort(new Interrupted("stopped")) }),
    );
    await expect(packed[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(Interrupted);
  });

  test("a reader that leaves closes the file", async () => {
    using tree = new TempTree({ a: NOISE });
    for await (const _ of packContext(packOptions(tree.root, { level }))) break;
    expect(openDescriptors(tree.root)).toEqual([]);
  });

  test("only a few members are read ahead of a slow reader", async () => {
    using tree = new TempTree({ a: NOISE });
    const iterator = packContext(packOptions(tree.root, { level }))[Symbol.asyncIterator]();
    await iterator.next();
    await sleep(50);
    let position = 0;
    for (const descriptor of fs.readdirSync("/proc/self/fdinfo")) {
      try {
        if (!fs.readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(tree.root)) continue;
        position = Number(/pos:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1]);
      } catch {
        // The descriptor of the listing itself is closed by now.
      }
    }
    await iterator.return?.();
    expect(position).toBeGreaterThan(0);
    expect(position).toBeLessThan(8_000_000);
  });
});
