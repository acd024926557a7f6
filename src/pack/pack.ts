/** What the packer is asked for and what it gives: shared by walk, pack and the transports. */
import type { WalkFilter } from "./walk.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ArchiveBuffer, PlainBuffer } from "../lib/archive/archive-buffer.ts";
import { ArchiveWriter } from "./archive.ts";
import { type IgnoreRules, parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { MEMBERS_AT_ONCE, compressMember } from "../lib/archive/gzip.ts";
import { LinkSpeed } from "./link-speed.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import { DiskTree } from "./tree.ts";
import { StoredBuffer } from "../lib/archive/stored-buffer.ts";
import { type WalkEntry, walkContext } from "./walk.ts";

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

// The context on its way: walked, packed and compressed as its reader asks for more, in constant memory.

/**
 * Prepares the archive of a context; nothing is read before iteration begins. Each iteration packs anew, and one at a
 * time may be under way. Iterating throws the signal's reason once it is aborted, and an InvalidInput naming the file if
 * one that is not excluded cannot be read or shrinks while it is read.
 * @throws InvalidInput if a pattern of the ignore file is malformed.
 */
export function packContext(options: PackOptions): PackedContext {
  return new ContextPacker(options, parseIgnoreFile(options.ignoreFile, options.ignoreName));
}

/** Steps that do nothing but let other work run. */
const PAUSE = [undefined];

interface Member {
  readonly bytes: Promise<Buffer>;
  settled: boolean;
}

class ContextPacker implements PackedContext {
  readonly #options: PackOptions;
  readonly #rules: IgnoreRules;
  readonly #further: readonly { readonly root: string; readonly prefix: string; readonly rules: IgnoreRules }[];
  #totals = { entries: 0, fileBytes: 0, archiveBytes: 0 };

  constructor(options: PackOptions, rules: IgnoreRules) {
    this.#options = options;
    this.#rules = rules;
    this.#further = (options.further ?? []).map(({ root, prefix, ignoreFile, ignoreName }) => ({
      root,
      prefix: toBytes(withSlash(prefix)),
      rules: parseIgnoreFile(ignoreFile, ignoreName),
    }));
  }

  get totals(): PackTotals {
    return this.#totals;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const totals = { entries: 0, fileBytes: 0, archiveBytes: 0 };
    this.#totals = totals;
    const prefix = toBytes(withSlash(this.#options.prefix));
    const buffer = this.#options.level === 0 ? new StoredBuffer() : new PlainBuffer();
    const writer = new ArchiveWriter({ ...this.#options, prefix, latest: this.#options.latest, totals }, buffer);
    const archive = this.#writeArchive(writer, prefix);
    const members: Member[] = [];
    /** The oldest member, if the reader has to wait for it now. */
    const take = async (due: boolean): Promise<Buffer | undefined> => {
      signal.throwIfAborted();
      const bytes = due ? await members.shift()?.bytes : undefined;
      totals.archiveBytes += bytes?.length ?? 0;
      return bytes;
    };
    const speed = new LinkSpeed();
    const level = (): number => (this.#options.level === "link" ? speed.level : this.#options.level);
    using _ = onAbort(signal, () => archive.return());
    for (const filled of archive) {
      if (filled !== undefined) members.push(startMember(filled, buffer, level()));
      // A turn of the event loop for everyone else, and for the threads' results to come in.
      await nextTurn();
      const isDue = () => members.length >= MEMBERS_AT_ONCE || members[0]?.settled === true;
      for (let bytes; (bytes = await take(isDue())) !== undefined;) {
        const given = performance.now();
        yield bytes;
        speed.observe(bytes.length, performance.now() - given);
      }
    }
    for (let bytes; (bytes = await take(true)) !== undefined;) yield bytes;
  }

  *#writeArchive(writer: ArchiveWriter, prefix: string): Generator<Buffer | undefined, void, undefined> {
    const { extra, marker, root, onNote, filter } = this.#options;
    const made = new Set<string>();
    for (const { path, data } of extra) {
      const bytes = toBytes(path);
      for (const directory of directoriesOf(bytes))
        if (!made.has(directory)) yield* writer.addMade(directory, undefined);
      for (const directory of directoriesOf(bytes)) made.add(directory);
      yield* writer.addMade(bytes, data);
    }
    for (const directory of directoriesOf(prefix))
      if (!made.has(directory)) yield* writer.addMade(directory, undefined);
    for (const directory of directoriesOf(prefix)) made.add(directory);
    yield* addEntries(writer, walkContext(new DiskTree(root), this.#rules, onNote, filter));
    for (const further of this.#further) {
      for (const directory of directoriesOf(further.prefix))
        if (!made.has(directory)) yield* writer.addMade(directory, undefined);
      for (const directory of directoriesOf(further.prefix)) made.add(directory);
      yield* addEntries(
        writer.below(further.root, further.prefix),
        walkContext(new DiskTree(further.root), further.rules, onNote),
      );
    }
    if (marker !== undefined) yield* writer.addMade(toBytes(marker), Buffer.from("complete\n"));
    yield* writer.end();
  }
}

function* addEntries(
  writer: ArchiveWriter,
  entries: Iterable<WalkEntry | undefined>,
): Generator<Buffer | undefined, void, undefined> {
  for (const entry of entries) {
    const steps = entry === undefined ? PAUSE : writer.addEntry(entry);
    if (steps !== undefined) yield* steps;
  }
}

/** Calls `stop` as soon as the signal is aborted, even while nobody iterates; not from within the archive's own steps. */
function onAbort(signal: AbortSignal, stop: () => void): Disposable {
  const listener = () => setImmediate(stop);
  signal.addEventListener("abort", listener);
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", listener) };
}

/** Every directory above a path, outermost first, each with its slash. */
function directoriesOf(path: string): string[] {
  return Array.from(path.matchAll(/\//g), (slash) => path.slice(0, slash.index + 1));
}

function withSlash(prefix: string): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

function startMember(filled: Buffer, buffer: ArchiveBuffer, level: number): Member {
  const member: Member = {
    bytes: level === 0 ? Promise.resolve(filled) : compressMember(filled, level),
    settled: false,
  };
  const settle = () => {
    member.settled = true;
    buffer.release(filled);
  };
  // Here to hear of the end only: a failure reaches whoever awaits `bytes`.
  member.bytes.then(settle, settle);
  return member;
}
