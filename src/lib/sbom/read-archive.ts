/** Reads the archive of a layer entry by entry, in constant memory. */
import { Readable } from "node:stream";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { BuildFailed } from "../../errors.ts";
import { TarEntries } from "../archive/tar-reader.ts";
import type { Visit } from "../archive/tar-reader.ts";
import { cutAtFrames } from "../archive/zstd-frames.ts";

/** Size of the chunks of decompressed data, in bytes. */
const CHUNK_BYTES = 256 * 1024;

/**
 * @param compressed gzip, zstd or plain tar: its first bytes decide, not the manifest
 * @throws BuildFailed for a truncated archive or other data; errors of the source are passed on
 */
export async function readArchive(compressed: AsyncIterable<Uint8Array>, visit: Visit): Promise<void> {
  const { first, rest } = await begin(compressed);
  const decompress = decompressorOf(first);
  const cut = isZstd(first) ? cutAtFrames(rest) : rest;
  const entries = new TarEntries(visit);
  const take = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of bytes) entries.write(chunk);
  };
  if (decompress === undefined) await take(rest);
  else {
    await pipeline(Readable.from(cut), decompress, take).catch((error: NodeJS.ErrnoException) => {
      // Error codes of zlib and zstd.
      if (!/^(?:Z_|ZSTD_)/.test(error.code ?? "")) throw error;
      throw new BuildFailed(`it cannot be decompressed: ${error.message}`, { cause: error });
    });
  }
  entries.end();
}

function decompressorOf(first: Buffer): Transform | undefined {
  if (first.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return createGunzip({ chunkSize: CHUNK_BYTES });
  return isZstd(first) ? createZstdDecompress({ chunkSize: CHUNK_BYTES }) : undefined;
}

function isZstd(first: Buffer): boolean {
  return first.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
}

/** The first bytes, and a stream of all bytes, the first ones included. */
async function begin(bytes: AsyncIterable<Uint8Array>): Promise<{ first: Buffer; rest: AsyncGenerator<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  while (first.length < 4) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first = Buffer.concat([first, value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield first;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { first, rest: all() };
}
