/** Adds files to the archive, even if they change or disappear at the same time. */
import { InvalidInput } from "../errors.ts";
import { LONGEST_PIECE } from "../lib/archive/archive-buffer.ts";
import { archivedMode } from "./archive-sink.ts";
import type { ArchiveSink, Steps } from "./archive-sink.ts";
import { isUnchanged } from "./file-source.ts";
import type { FileStat, OpenFile } from "../lib/files/file-tree.ts";
import { toText } from "../lib/files/path-bytes.ts";
import { BLOCK, encodeHeader, padding } from "../lib/archive/tar.ts";
import { isGone, unreadableInContext } from "./tree.ts";
import type { WalkEntry } from "./walk.ts";

/** How often a file that changes is read. The last reading is used. */
const MAX_ATTEMPTS = 3;

/** Result for a file: its new stat if it changed, or why it does not fit one piece. */
type Outcome = "added" | "skipped" | "full" | "large" | FileStat;

/** The bits that a busybox tar takes away if its user is not root: setuid, setgid and sticky. */
export const SPECIAL_BITS = 0o7000;

export class FileAdder {
  readonly #sink: ArchiveSink;
  readonly #onSpecial: (mode: number, path: string) => void;
  /** Identity to the path in the archive, for files with several names. */
  readonly #linked = new Map<string, string>();

  /** @param onSpecial gets each file that has one of SPECIAL_BITS: its mode and its path in the archive, a byte string */
  constructor(sink: ArchiveSink, onSpecial: (mode: number, path: string) => void) {
    this.#sink = sink;
    this.#onSpecial = onSpecial;
  }

  /**
   * Adds a file at once, or returns the steps if it needs several. Tens of thousands of small files are added
   * without the cost of a generator for each.
   */
  add(entry: WalkEntry): Steps<unknown> | undefined {
    if (entry.stat.nlink > 1) return this.#addLinked(entry);
    const outcome = this.#addPiece(entry.path, entry.stat, false);
    return outcome === "added" || outcome === "skipped" ? undefined : this.#finish(entry, outcome);
  }

  /** Adds a file with several names: the content under the first name, and hard links for the others. */
  *#addLinked(entry: WalkEntry): Steps {
    const inode = this.#inode(entry.path);
    const first = inode === undefined ? undefined : this.#linked.get(inode);
    const path = this.#sink.options.prefix + entry.path;
    if (first !== undefined) {
      yield* this.#sink.addBytes(encodeHeader(this.#sink.header(path, "hardlink", entry.stat, 0, first)));
      this.#sink.count(0);
      return;
    }
    const added = yield* this.#finish(entry, this.#addPiece(entry.path, entry.stat, false));
    if (added && inode !== undefined) this.#linked.set(inode, path);
  }

  /** Continues after the first attempt. @returns whether the file is in the archive. */
  *#finish(entry: WalkEntry, tried: Outcome): Steps<boolean> {
    let outcome = tried;
    let stat = entry.stat;
    for (let attempt = 1; outcome !== "added" && outcome !== "skipped";) {
      if (outcome === "large") return yield* this.#addLarge(entry.path);
      if (outcome === "full") {
        yield this.#sink.buffer.take();
      } else {
        stat = outcome;
        attempt++;
      }
      outcome = this.#addPiece(entry.path, stat, attempt === MAX_ATTEMPTS);
    }
    return outcome === "added";
  }

  /**
   * Adds a file whose header and content fit one piece of the buffer. The header is written last, so that it is correct for
   * a file that changed after `stat` was read.
   * @param final Whether to use the content even if the file differs from `stat`.
   */
  #addPiece(path: string, stat: FileStat, final: boolean): Outcome {
    const { buffer } = this.#sink;
    const name = this.#sink.options.prefix + path;
    const header = encodeHeader(this.#sink.header(name, "file", stat, stat.size));
    const start = header.length;
    const needed = start + stat.size + BLOCK;
    if (needed > LONGEST_PIECE) return "large";
    if (!buffer.reserve(needed)) return "full";
    using source = this.#open(path);
    if (source === undefined) return "skipped";
    const { space } = buffer;
    const length = this.#read(source, space, start, stat.size, path);
    const after = source.stat();
    if (length !== stat.size || !isUnchanged(stat, after)) {
      if (!final && after.isFile()) return after;
      this.#sink.note(path, "changed");
      if (!after.isFile()) return "skipped";
    }
    (length === stat.size ? header : encodeHeader(this.#sink.header(name, "file", stat, length))).copy(space);
    const end = start + length + padding(length);
    space.fill(0, start + length, end);
    buffer.advance(end);
    this.#count(name, stat, length);
    return "added";
  }

  /** Adds a file that needs several buffers. Its header, with the size, is sent before the end of the file is read. */
  *#addLarge(path: string): Steps<boolean> {
    const { buffer, options } = this.#sink;
    using source = this.#open(path);
    if (source === undefined) return false;
    const before = source.stat();
    if (!before.isFile()) {
      this.#sink.note(path, "changed");
      return false;
    }
    yield* this.#sink.addBytes(encodeHeader(this.#sink.header(options.prefix + path, "file", before, before.size)));
    for (let left = before.size; left > 0;) {
      if (!buffer.reserve(1)) yield buffer.take();
      const { space } = buffer;
      const wanted = Math.min(left, space.length);
      const count = this.#read(source, space, 0, wanted, path);
      buffer.advance(count);
      left -= count;
      if (count < wanted) throw shrunk(path, before.size - left, before.size);
    }
    yield* this.#sink.addZeros(padding(before.size));
    if (!isUnchanged(before, source.stat())) this.#sink.note(path, "changed");
    this.#count(options.prefix + path, before, before.size);
    return true;
  }

  #count(path: string, stat: FileStat, bytes: number): void {
    const mode = archivedMode(stat);
    if ((mode & SPECIAL_BITS) !== 0) this.#onSpecial(mode, path);
    this.#sink.count(bytes);
  }

  /** Identity of a file, the same for all its names. Undefined if the file is gone; opening it reports that. */
  #inode(path: string): string | undefined {
    try {
      return this.#sink.options.tree.identity(path);
    } catch {
      return undefined;
    }
  }

  /** Undefined, with a note, if the file is gone. */
  #open(path: string): OpenFile | undefined {
    try {
      return this.#sink.options.tree.open(path);
    } catch (error) {
      if (!isGone(error)) throw unreadableInContext(path, error);
      this.#sink.note(path, "vanished");
      return undefined;
    }
  }

  #read(source: OpenFile, space: Buffer, at: number, length: number, path: string): number {
    try {
      return source.read(space, at, length);
    } catch (error) {
      throw unreadableInContext(path, error);
    }
  }
}

function shrunk(path: string, read: number, expected: number): InvalidInput {
  const shown = toText(path);
  return new InvalidInput(`${shown} shrank from ${expected} to ${read} bytes while it was being packed`, {
    docker: "refuses",
    suggestions: ["Build again when nothing writes to it.", `Or exclude it: add ${shown} to .dockerignore.`],
  });
}
