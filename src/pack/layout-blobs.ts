/** The blobs of an OCI layout in a directory: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore } from "../lib/buildkit/services/content.ts";

/** Bytes that are read at once. */
const PIECE_BYTES = 256 << 10;

/** @param root the directory with index.json */
export function layoutBlobs(root: string): BlobStore {
  const pathOf = (digest: string): string => join(root, "blobs", ...digest.split(":"));
  return {
    async size(digest) {
      try {
        const found = await stat(pathOf(digest));
        return found.isFile() ? found.size : undefined;
      } catch {
        return undefined;
      }
    },
    read: (digest, offset, length) =>
      length === 0
        ? (async function* nothing(): AsyncGenerator<Uint8Array> {})()
        : createReadStream(pathOf(digest), { start: offset, end: offset + length - 1, highWaterMark: PIECE_BYTES }),
  };
}
