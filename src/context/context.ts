/** What the packer is asked for and what it gives: shared by walk, pack and the transports. */
import type { WalkFilter } from "./walk.ts";

export interface PackOptions {
  /** Absolute path of the context directory. */
  readonly root: string;
  /** The ignore file in force, as read (not yet parsed); undefined when there is none. Bytes need not be UTF-8. */
  readonly ignoreFile: string | Uint8Array | undefined;
  /** What to call the ignore file in errors, `.dockerignore` by default. */
  readonly ignoreName?: string;
  /** What to take of what the rules leave; undefined: all of it. */
  readonly filter?: WalkFilter | undefined;
  /** Where the context's entries go in the archive, such as `context/`; empty for the archive's root. */
  readonly prefix: string;
  /** Small files made by us, put before the context's entries (the Dockerfile, its empty ignore file). Paths are the archive's. */
  readonly extra: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Directories that come behind the context, each with rules and a place of its own. */
  readonly further?: readonly FurtherDirectory[];
  /** gzip level 0 to 9; `link`: by how fast the reader takes what it is given, so that the bytes are not the same every time. */
  readonly level: number | "link";
  /** Path in the archive of a small file put behind everything else: where it is missing, the archive was cut. */
  readonly marker?: string;
  /** No modification time later than this many seconds since the epoch, for equal bytes from equal trees; undefined keeps them. */
  readonly latest?: number | undefined;
  readonly onNote: (note: PackNote) => void;
  readonly signal: AbortSignal;
}

export type FurtherDirectory = Pick<PackOptions, "root" | "ignoreFile" | "ignoreName" | "prefix">;

/**
 * Something about one path the user should hear of, though the context is still right. Sockets, FIFOs and devices are
 * left out, as are files gone before they were read; a file that changed is there as it was at some moment, or as a mix
 * of two if it is large.
 */
export interface PackNote {
  readonly path: string;
  readonly reason: "socket" | "fifo" | "device" | "vanished" | "changed";
}

export interface PackTotals {
  /** Files, links and directories in the archive, extra ones not counted. */
  readonly entries: number;
  /** Sum of the files' sizes in bytes. */
  readonly fileBytes: number;
  /** Bytes of tar.gz given out. */
  readonly archiveBytes: number;
}

/** Each iteration packs the context anew; one at a time. */
export interface PackedContext extends AsyncIterable<Uint8Array> {
  /** Final once iteration has ended; running totals before. */
  readonly totals: PackTotals;
}
