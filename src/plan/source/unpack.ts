/** Reads the archive of a context into a tree, without unpacking it to the disk. The ignore rules apply to the tree as to any other context. */
import { createHash } from "node:crypto";
import type { ChildProcessByStdio } from "node:child_process";
import { Duplex, Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { ArchiveTree } from "../../lib/archive/archive-tree.ts";
import { ContentStore } from "../../lib/archive/content-store.ts";
import { TarReader } from "../../lib/archive/tar-reader.ts";
import { cutAtFrames } from "../../lib/archive/zstd-frames.ts";
import { ProgramNotFound, startProgram } from "../../lib/files/find-program.ts";
import { InvalidInput } from "../../errors.ts";
import type { ArchiveKind } from "../../lib/archive/kind.ts";
import { RATIO_FREE_BYTES, overLimit } from "./source-limits.ts";
import type { SourceLimits } from "./source-limits.ts";

export interface ReadOptions {
  /** Name of the archive in messages. */
  readonly name: string;
  readonly limits: SourceLimits;
  readonly signal: AbortSignal;
}

export interface ReadArchive {
  readonly tree: ArchiveTree;
  /** SHA-256 of the unpacked archive, in hexadecimal. */
  readonly digest: string;
}

/** @throws InvalidInput for an archive that is incomplete, invalid, over a limit, or has what an image cannot have; the signal's reason */
export async function readArchive(
  archive: AsyncIterable<Uint8Array>,
  kind: ArchiveKind,
  { name, limits, signal }: ReadOptions,
): Promise<ReadArchive> {
  const hash = createHash("sha256");
  const meter = new Meter(name, limits);
  const tree = new ArchiveTree(new ContentStore(), name, {
    entries: limits.entries,
    bytes: limits.bytes,
    refuse: (key) => overLimit(name, key, limits),
  });
  const reader = new TarReader((entry) => tree.add(entry));
  const take = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of bytes) {
      meter.unpacked(chunk.length);
      hash.update(chunk);
      reader.write(chunk);
    }
  };
  try {
    const counted = meter.sent(archive);
    // Node's decompressor reads only the first of several frames, which pzstd and `cat` produce.
    const source = Readable.from(kind === "zstd" ? cutAtFrames(counted) : counted, { objectMode: false });
    const decompress = decompressor(kind, name);
    if (decompress === undefined) await pipeline(source, take, { signal });
    else await pipeline(source, decompress, take, { signal });
    reader.end();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${name} cannot be unpacked: ${(error as Error).message}`, {
      docker: "refuses",
      cause: error,
    });
  }
  return { tree, digest: hash.digest("hex") };
}

/** Counts the bytes before and after decompression. */
class Meter {
  readonly #name: string;
  readonly #limits: SourceLimits;
  #sent = 0;
  #unpacked = 0;

  constructor(name: string, limits: SourceLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  async *sent(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#sent += chunk.length;
      yield chunk;
    }
  }

  /** @throws overLimit */
  unpacked(length: number): void {
    this.#unpacked += length;
    if (this.#unpacked > this.#limits.bytes) throw overLimit(this.#name, "bytes", this.#limits);
    if (this.#unpacked > RATIO_FREE_BYTES && this.#unpacked > this.#sent * this.#limits.ratio)
      throw overLimit(this.#name, "ratio", this.#limits);
  }
}

function decompressor(kind: ArchiveKind, name: string): Duplex | undefined {
  switch (kind) {
    case "gzip":
      return createGunzip();
    case "zstd":
      return createZstdDecompress();
    case "bzip2":
    case "xz":
      return throughProgram(kind, name);
    case "tar":
  }
  return undefined;
}

/** Node supports neither format. Docker runs the program xz too. @throws InvalidInput if the program is not on the PATH */
function throughProgram(program: "bzip2" | "xz", name: string): Duplex {
  const child = startDecompressor(program, name);
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  async function* through(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    ended.catch(() => {});
    const fed = pipeline(input, child.stdin);
    // The exit code tells more than a failed write.
    fed.catch(() => {});
    yield* child.stdout as AsyncIterable<Uint8Array>;
    if ((await ended) !== 0)
      throw new InvalidInput(`${name} cannot be unpacked: ${complaint.trim() || `${program} failed`}`, {
        docker: "refuses",
      });
  }
  return Duplex.from(through);
}

function startDecompressor(program: string, name: string): ChildProcessByStdio<Writable, Readable, Readable> {
  try {
    return startProgram(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    if (!(error instanceof ProgramNotFound)) throw error;
    throw new InvalidInput(`${name} is compressed with ${program}, and ${program} is not installed here`, {
      suggestions: [`Install ${program}, or compress the archive with gzip.`],
    });
  }
}
