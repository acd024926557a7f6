/** The context on its way: walked, packed and compressed as its reader asks for more, in constant memory. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { PlainBuffer, type ArchiveBuffer } from "../lib/archive/archive-buffer.ts";
import { ArchiveWriter } from "./archive.ts";
import type { PackedContext, PackOptions, PackTotals } from "./context.ts";
import { parseIgnoreFile, type IgnoreRules } from "../lib/dockerignore/dockerignore.ts";
import { compressMember, MEMBERS_AT_ONCE } from "../lib/archive/gzip.ts";
import { LinkSpeed } from "./link-speed.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import { DiskTree } from "./tree.ts";
import { StoredBuffer } from "../lib/archive/stored-buffer.ts";
import { walkContext, type WalkEntry } from "./walk.ts";

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
