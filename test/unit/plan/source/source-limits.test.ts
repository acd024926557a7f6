/** Archives that unpack to far more than they are. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { RATIO_FREE_BYTES, limitsOf } from "../../../../src/plan/source/source-limits.ts";
import { readArchive } from "../../../../src/plan/source/unpack.ts";
import type { ArchiveKind } from "../../../../src/lib/archive/kind.ts";
import { archive, entry } from "../../../contract/archive-cases.ts";

const signal = new AbortController().signal;

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function read(bytes: Uint8Array, kind: ArchiveKind, limits: object = {}): Promise<unknown> {
  return readArchive(pieces(bytes), kind, { name: "the archive", limits: { ...limitsOf({}), ...limits }, signal });
}

/** So many zeros behind the end of an archive, gzip in gzip's smallest form. */
function bomb(bytes: number): Buffer {
  const zeros = gzipSync(Buffer.alloc(64 * 1024 ** 2));
  return Buffer.concat([
    gzipSync(archive([{ name: "f" }])),
    ...Array.from({ length: bytes / (64 * 1024 ** 2) }, () => zeros),
  ]);
}

describe("an archive is refused", () => {
  it("when it unpacks to too many times its size", async () => {
    const bytes = bomb(RATIO_FREE_BYTES + 64 * 1024 ** 2);
    expect(bytes.length).toBeLessThan(3_000_000);
    await expect(read(bytes, "gzip")).rejects.toThrow(
      "the archive unpacks to more than 200 times its size, which is the limit",
    );
  });

  it.each<[string, Buffer, ArchiveKind]>([
    ["gzip", gzipSync(archive([{ name: "f", content: Buffer.alloc(3000) }])), "gzip"],
    ["zstd", zstdCompressSync(archive([{ name: "f", content: Buffer.alloc(3000) }])), "zstd"],
    ["xz", execFileSync("xz", ["-c"], { input: archive([{ name: "f", content: Buffer.alloc(3000) }]) }), "xz"],
    ["tar", archive([{ name: "f", content: Buffer.alloc(3000) }]), "tar"],
  ])("when its files are too large: %s", async (_name, bytes, kind) => {
    await expect(read(bytes, kind, { bytes: 2000 })).rejects.toThrow(
      "the archive has more than 2 kB of files, which is the limit",
    );
  });

  it("when a sparse file is, though it has no data", async () => {
    const sparse = { "GNU.sparse.major": "0", "GNU.sparse.map": "0,0", "GNU.sparse.size": String(2 ** 50) };
    await expect(read(archive([{ name: "f", pax: sparse }]), "tar")).rejects.toThrow("has more than 17.2 GB of files");
  });

  it.each<[string, Buffer]>([
    ["files", archive(Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` })))],
    ["entries for one file", archive(Array.from({ length: 101 }, () => ({ name: "f" })))],
    [
      "directories in one name",
      archive([
        {
          name: Array.from({ length: 101 }, () => "d").join("/"),
          pax: { path: Array.from({ length: 101 }, () => "d").join("/") },
        },
      ]),
    ],
    [
      "parts of a sparse file",
      archive([
        {
          name: "f",
          pax: {
            "GNU.sparse.major": "0",
            "GNU.sparse.size": "0",
            "GNU.sparse.map": Array.from({ length: 101 }, () => "0,0").join(","),
          },
        },
      ]),
    ],
  ])("when it has too many %s", async (_name, bytes) => {
    await expect(read(bytes, "tar", { entries: 100 })).rejects.toThrow(
      "the archive has more than 100 files, links and directories, which is the limit",
    );
  });

  it("and nothing of it stays in the directory for temporary files", async () => {
    const large = Buffer.concat([
      entry({ name: "f", content: Buffer.alloc(10_000_000, "x") }),
      entry({ name: "g", content: "g" }),
    ]);
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith(".slipway-"));
    await expect(read(large, "tar", { entries: 1 })).rejects.toThrow("which is the limit");
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(".slipway-"))).toEqual(before);
  });
});

it("what is not an archive for its kind is refused in one sentence", async () => {
  await expect(read(brotliCompressSync("x"), "gzip")).rejects.toThrow(/^the archive cannot be unpacked: /);
});

describe("a limit", () => {
  it("is what its variable says", () => {
    const env = {
      SLIPWAY_LIMIT_SOURCE_BYTES: "64g",
      SLIPWAY_LIMIT_SOURCE_ENTRIES: "5",
      SLIPWAY_LIMIT_SOURCE_RATIO: "9",
      SLIPWAY_LIMIT_CLONE_MS: "2h",
    };
    expect(limitsOf(env)).toEqual({ bytes: 64 * 1024 ** 3, entries: 5, ratio: 9, timeMs: 7_200_000 });
  });

  it.each(["0", "-1", "many", "1.5", "5x"])("is not %o", (text) => {
    const limits = (): unknown => limitsOf({ SLIPWAY_LIMIT_SOURCE_ENTRIES: text });
    expect(fault(limits)).toBe(`SLIPWAY_LIMIT_SOURCE_ENTRIES is "${text}", which is not a limit`);
  });
});

function fault(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    return (error as Error).message;
  }
}
