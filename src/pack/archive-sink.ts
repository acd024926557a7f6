/** Writes the common part of every entry of the archive: header, bytes and counts. */
import type { ArchiveBuffer } from "../lib/archive/archive-buffer.ts";
import type { FileStat, FileTree } from "../lib/files/file-tree.ts";
import type { PackNote } from "./pack.ts";
import { toText } from "../lib/files/path-bytes.ts";
import type { TarHeader } from "../lib/archive/tar.ts";

/** Yields a buffer of the archive, or undefined to let other work run. */
export type Steps<Result = void> = Generator<Buffer | undefined, Result, undefined>;

export interface ArchiveOptions {
  readonly tree: FileTree;
  /** Byte string before every path of the context. */
  readonly prefix: string;
  /** Upper bound for file times, in Unix seconds. */
  readonly latest: number | undefined;
  readonly onNote: (note: PackNote) => void;
  /** Running totals of the archive, without entries that slipway adds. */
  readonly totals: { entries: number; fileBytes: number };
}

export class ArchiveSink {
  readonly buffer: ArchiveBuffer;
  readonly options: ArchiveOptions;

  constructor(options: ArchiveOptions, buffer: ArchiveBuffer) {
    this.buffer = buffer;
    this.options = options;
  }

  /** @param path Byte string, in the archive. */
  header(path: string, type: TarHeader["type"], stat: FileStat, size: number, target = ""): TarHeader {
    return {
      path,
      type,
      mode: archivedMode(stat),
      size,
      mtime: Math.min(Math.floor(stat.mtimeMs / 1000), this.options.latest ?? Infinity),
      target,
    };
  }

  *addBytes(data: Uint8Array): Steps {
    for (let at = 0; at < data.length;) {
      if (!this.buffer.reserve(1)) yield this.buffer.take();
      const { space } = this.buffer;
      const part = data.subarray(at, at + space.length);
      space.set(part);
      this.buffer.advance(part.length);
      at += part.length;
    }
  }

  *addZeros(length: number): Steps {
    yield* this.addBytes(Buffer.alloc(length));
  }

  /** One more entry of the context. @param size Bytes of content. */
  count(size: number): void {
    this.options.totals.entries++;
    this.options.totals.fileBytes += size;
  }

  /** @param path Byte string relative to the context. */
  note(path: string, reason: PackNote["reason"]): void {
    this.options.onNote({ path: toText(path), reason });
  }
}

/**
 * Windows has no executable bit, so every file gets one, and only the owner may write, as in docker (tonistiigi/fsutil, diff.go, mkstat).
 * A read-only file stays read-only.
 */
export function archivedMode({ mode }: Pick<FileStat, "mode">, platform: string = process.platform): number {
  return platform === "win32" ? ((mode & 0o777) | 0o111) & 0o755 : mode & 0o7777;
}
