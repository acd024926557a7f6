import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { readArchive } from "../../../../src/lib/sbom/read-archive.ts";
import { cutAtFrames } from "../../../../src/lib/archive/zstd-frames.ts";
import { archive } from "./layers.ts";
import type { Entry } from "./layers.ts";

async function read(bytes: Buffer, size = 65_536): Promise<string[]> {
  const seen: string[] = [];
  await readArchive(chunks(bytes, size), ({ name, type, target, executable }) => {
    seen.push([type, name, target, executable ? "x" : ""].join(" ").trim());
    if (type !== "file") return undefined;
    let content = "";
    return {
      write: (chunk) => void (content += Buffer.from(chunk).toString()),
      end: () => void seen.push(`= ${content.slice(0, 20)}`),
    };
  });
  return seen;
}

function chunks(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return Readable.from(parts);
}

const ENTRIES: readonly Entry[] = [
  { name: "./d/" },
  { name: "d/a", content: "hello" },
  { name: "d/empty", content: "" },
  { name: "d/run", content: "x".repeat(2000), mode: 0o755 },
  { name: "d/h", link: "d/a" },
  { name: "s", symlink: "../d" },
  { name: "dev", type: "CharacterDevice" },
  { name: `${"long/".repeat(60)}ünï\ncode`, content: "y" },
];

const SEEN = [
  "directory ./d/  x",
  "file d/a",
  "= hello",
  "file d/empty",
  "=",
  "file d/run  x",
  "= xxxxxxxxxxxxxxxxxxxx",
  "link d/h d/a",
  "symlink s ../d x",
  "other dev  x",
  `file ${"long/".repeat(60)}ünï\ncode`,
  "= y",
];

/** Frames of their own for each part, and between them one to be skipped. */
function manyFrames(bytes: Buffer, size: number): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const skipped = Buffer.alloc(11);
    skipped.writeUInt32LE(0x184d2a53, 0);
    skipped.writeUInt32LE(3, 4);
    frames.push(zstdCompressSync(bytes.subarray(at, at + size)), skipped);
  }
  return Buffer.concat(frames);
}

const trimmed = (seen: readonly string[]): string[] => seen.map((line) => line.trim());

describe("a layer", () => {
  const plain = archive(ENTRIES);

  it.each<[string, Buffer]>([
    ["plain", plain],
    ["of gzip", gzipSync(plain)],
    ["of gzip, in parts", Buffer.concat([gzipSync(plain.subarray(0, 1000)), gzipSync(plain.subarray(1000))])],
    ["of zstd", zstdCompressSync(plain)],
    ["of zstd, in frames", manyFrames(plain, 700)],
  ])("is read entry by entry: %s", async (_, bytes) => {
    for (const size of [65_536, 1, 100, 513]) expect(trimmed(await read(bytes, size))).toEqual(SEEN);
  });

  it.each<[string, Buffer]>([
    ["nothing but its end", Buffer.alloc(1024)],
    ["no bytes", Buffer.alloc(0)],
    ["of gzip, nothing but its end", gzipSync(Buffer.alloc(10_240))],
  ])("may be empty: %s", async (_, bytes) => {
    expect(await read(bytes)).toEqual([]);
  });

  it.each<[string, Buffer, RegExp]>([
    ["gzip that is cut", gzipSync(plain).subarray(0, 150), /^it cannot be decompressed: unexpected end of file$/],
    ["gzip that is broken", broken(gzipSync(plain)), /^it cannot be decompressed: /],
    ["gzip with more behind it", Buffer.concat([gzipSync(plain), Buffer.from("more")]), /^it cannot be decompressed: /],
    ["zstd that is cut", zstdCompressSync(plain).subarray(0, 150), /^it cannot be decompressed: /],
    ["zstd that is broken", broken(zstdCompressSync(plain)), /^it cannot be decompressed: /],
    [
      "zstd of which frames are missing",
      manyFrames(plain, 700).subarray(0, 140),
      /^it (?:cannot be decompressed|is no archive)/,
    ],
    [
      "an archive that is cut",
      plain.subarray(0, 2000),
      /^the archive is cut or broken: it ends in the middle of an entry$/,
    ],
    ["an archive with a broken header", broken(plain), /: a header's checksum is wrong$/],
    ["no archive", Buffer.alloc(4096, "abc"), /: a number in a header is not a number$/],
    ["a few bytes", Buffer.from("{}"), /^the archive is cut or broken: /],
    [
      "xz",
      Buffer.concat([Buffer.from("\u00fd7zXZ\0", "latin1"), Buffer.alloc(600, 7)]),
      /^the archive is cut or broken/,
    ],
  ])("is refused: %s", async (_, bytes, message) => {
    const error = await read(bytes).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(BuildFailed);
    expect((error as Error).message).toMatch(message);
  });

  it("ends with what its source says", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(plain).subarray(0, 100);
      throw new TypeError("the line is cut");
    }
    await expect(readArchive(failing(), () => undefined)).rejects.toThrow(new TypeError("the line is cut"));
  });

  it("a layer is read without being held in memory", async () => {
    const megabyte = Buffer.alloc(1024 * 1024);
    async function* large(): AsyncGenerator<Uint8Array> {
      const [start] = [archive([{ name: "big", content: Buffer.alloc(0) }]).subarray(0, 512)];
      yield withSize(start, 400 * megabyte.length);
      for (let at = 0; at < 400; at++) yield megabyte;
      yield Buffer.alloc(1024);
    }
    const before = process.memoryUsage().rss;
    let names = 0;
    await readArchive(large(), () => void names++);
    expect(names).toBe(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe("zstd", () => {
  it("zstd data is cut at the end of each frame, other data is unchanged", async () => {
    const frames = [zstdCompressSync(Buffer.alloc(300_000, "ab")), zstdCompressSync(Buffer.from("c"))];
    const ends: number[] = [];
    let at = 0;
    for await (const chunk of cutAtFrames(chunks(Buffer.concat(frames), 10))) ends.push((at += chunk.length));
    expect(ends).toContain(frames[0]?.length);
    expect(at).toBe(Buffer.concat(frames).length);
    const other: Buffer[] = [];
    for await (const chunk of cutAtFrames(chunks(Buffer.from("no zstd at all"), 5))) other.push(Buffer.from(chunk));
    expect(Buffer.concat(other).toString()).toBe("no zstd at all");
  });
});

/** With bytes in its middle that are others. */
function broken(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length < 1024 ? Math.floor(copy.length / 2) : 512;
  for (let byte = at; byte < at + 16; byte++) copy[byte] = (copy[byte] ?? 0) ^ 0x5a;
  return copy;
}

function withSize(header: Buffer, size: number): Buffer {
  const copy = Buffer.from(header);
  copy.write(size.toString(8).padStart(11, "0"), 124, "latin1");
  copy.fill(" ", 148, 156);
  const sum = copy.reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return copy;
}
