/** Packs a context: walks, archives and compresses it as the reader asks for more, in constant memory. */
import type { ContextDirectory } from "./walk.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ArchiveBuffer, PlainBuffer } from "../lib/archive/archive-buffer.ts";
import { ArchiveWriter } from "./archive.ts";
import { type IgnoreRules, parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { compressMember, membersAtOnce } from "../lib/archive/gzip.ts";
import { LinkSpeed } from "./link-speed.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import type { FileTree } from "../lib/files/file-tree.ts";
import { treeOf } from "./tree.ts";
import { StoredBuffer } from "../lib/archive/stored-buffer.ts";
import { type WalkEntry, walkContext } from "./walk.ts";

export interface PackOptions extends ContextDirectory {
  /** Directory of the context in the archive, such as `context/`; empty for the root of the archive. */
  readonly prefix: string;
  /** Small files that slipway adds before the context (the Dockerfile and its ignore file). Paths are those in the archive. */
  readonly extra: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Directories after the context, each with its own rules and prefix. */
  readonly further?: readonly FurtherDirectory[];
  /** gzip level 0 to 9. `link` adapts the level to the speed of the reader, so the bytes differ from run to run. */
  readonly level: number | "link";
  /** Path in the archive of a small file that comes last. If it is missing, the archive is incomplete. */
  readonly marker?: string;
  /** Directory in the archive for lists of the modes of directories that were sent open. Undefined: no lists. */
  readonly modes?: { readonly directory: string; readonly pairs: string };
  /** Upper bound for file times (Unix seconds), so identical files give identical bytes. Undefined: times are kept. */
  readonly latest?: number | undefined;
  readonly onNote: (note: PackNote) => void;
  readonly signal: AbortSignal;
}

export type FurtherDirectory = Pick<PackOptions, "root" | "tree" | "ignoreFile" | "ignoreName" | "prefix">;

/**
 * A notice about one path; the context is still valid. Sockets, FIFOs, devices and files that were deleted before they were read
 * are skipped. A file that changed is packed in one of its states, or, if it is large, as a mix of two.
 */
export interface PackNote {
  readonly path: string;
  readonly reason: "socket" | "fifo" | "device" | "vanished" | "changed";
}

export interface PackTotals {
  /** Files, links and directories in the archive, without the extra ones. */
  readonly entries: number;
  /** Sum of the files' sizes in bytes. */
  readonly fileBytes: number;
  /** Bytes of the tar.gz so far. */
  readonly archiveBytes: number;
  /** The same bytes before compression. */
  readonly tarBytes: number;
}

/** Each iteration packs the context again. Only one may run at a time. */
export interface PackedContext extends AsyncIterable<Uint8Array> {
  /** Running totals; final when the iteration has ended. */
  readonly totals: PackTotals;
}

/**
 * Prepares the archive of a context. Reading begins with the iteration. Each iteration packs again, and only one may run at a
 * time. It throws the signal's reason when aborted, and an InvalidInput with the path if a file that is not excluded cannot be
 * read or shrinks while it is read.
 * @throws InvalidInput if a pattern of the ignore file is malformed.
 */
export function packContext(options: PackOptions): PackedContext {
  return new ContextPacker(options, parseIgnoreFile(options.ignoreFile, options.ignoreName));
}

/** A step that only lets other work run. */
const PAUSE = [undefined];

interface Member {
  readonly tarBytes: number;
  readonly bytes: Promise<Buffer>;
  settled: boolean;
}

class ContextPacker implements PackedContext {
  readonly #options: PackOptions;
  readonly #rules: IgnoreRules;
  readonly #further: readonly (Pick<PackOptions, "root" | "tree" | "prefix"> & { readonly rules: IgnoreRules })[];
  #totals = { entries: 0, fileBytes: 0, archiveBytes: 0, tarBytes: 0 };

  constructor(options: PackOptions, rules: IgnoreRules) {
    this.#options = options;
    this.#rules = rules;
    this.#further = (options.further ?? []).map(({ root, tree, prefix, ignoreFile, ignoreName }) => ({
      root,
      tree,
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
    const totals = { entries: 0, fileBytes: 0, archiveBytes: 0, tarBytes: 0 };
    this.#totals = totals;
    const prefix = toBytes(withSlash(this.#options.prefix));
    const buffer = this.#options.level === 0 ? new StoredBuffer() : new PlainBuffer();
    const tree = treeOf(this.#options);
    const writer = new ArchiveWriter({ ...this.#options, tree, prefix, latest: this.#options.latest, totals }, buffer);
    const archive = this.#writeArchive(writer, tree, prefix);
    const members: Member[] = [];
    const atOnce = membersAtOnce();
    /** The oldest member, if it is due. */
    const take = async (due: boolean): Promise<Buffer | undefined> => {
      signal.throwIfAborted();
      const member = due ? members.shift() : undefined;
      const bytes = await member?.bytes;
      totals.archiveBytes += bytes?.length ?? 0;
      totals.tarBytes += member?.tarBytes ?? 0;
      return bytes;
    };
    const speed = new LinkSpeed();
    const level = (): number => (this.#options.level === "link" ? speed.level : this.#options.level);
    using _ = onAbort(signal, () => archive.return());
    for (const filled of archive) {
      if (filled !== undefined) members.push(startMember(filled, buffer, level()));
      // Let other work run, and let the results of the threads arrive.
      await nextTurn();
      const isDue = () => members.length >= atOnce || members[0]?.settled === true;
      for (let bytes; (bytes = await take(isDue())) !== undefined;) {
        const given = performance.now();
        yield bytes;
        speed.observe(bytes.length, performance.now() - given);
      }
    }
    for (let bytes; (bytes = await take(true)) !== undefined;) yield bytes;
  }

  *#writeArchive(
    writer: ArchiveWriter,
    tree: FileTree,
    prefix: string,
  ): Generator<Buffer | undefined, void, undefined> {
    const { extra, marker, modes, onNote, filter } = this.#options;
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
    yield* addEntries(writer, walkContext(tree, this.#rules, onNote, filter));
    for (const further of this.#further) {
      for (const directory of directoriesOf(further.prefix))
        if (!made.has(directory)) yield* writer.addMade(directory, undefined);
      for (const directory of directoriesOf(further.prefix)) made.add(directory);
      const below = treeOf(further);
      yield* addEntries(writer.below(below, further.prefix), walkContext(below, further.rules, onNote));
    }
    if (modes !== undefined) yield* writer.addModes(modes.directory, modes.pairs);
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
  yield* writer.closeDirectories();
}

/** Calls `stop` when the signal is aborted, also between iterations. Never calls it inside a step of the archive. */
function onAbort(signal: AbortSignal, stop: () => void): Disposable {
  const listener = () => setImmediate(stop);
  signal.addEventListener("abort", listener);
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", listener) };
}

/** All directories above a path, outermost first, with a slash at the end. */
function directoriesOf(path: string): string[] {
  return Array.from(path.matchAll(/\//g), (slash) => path.slice(0, slash.index + 1));
}

function withSlash(prefix: string): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

function startMember(filled: Buffer, buffer: ArchiveBuffer, level: number): Member {
  const member: Member = {
    tarBytes: filled.length,
    bytes: level === 0 ? Promise.resolve(filled) : compressMember(filled, level),
    settled: false,
  };
  const settle = () => {
    member.settled = true;
    buffer.release(filled);
  };
  // This only tracks the end. The code that awaits `bytes` gets a failure.
  member.bytes.then(settle, settle);
  return member;
}
