/** The tar archive of a context as a sequence of buffers. It is made entry by entry and is never in memory as a whole. */
import type { ArchiveBuffer } from "../lib/archive/archive-buffer.ts";
import { FileAdder, SPECIAL_BITS } from "./archive-files.ts";
import { ArchiveSink, type ArchiveOptions, type Steps } from "./archive-sink.ts";
import { END_BYTES, encodeHeader, padding } from "../lib/archive/tar.ts";
import { OWNER_ALL, isClosedToOwner } from "../lib/files/file-tree.ts";
import type { FileTree } from "../lib/files/file-tree.ts";
import type { WalkEntry } from "./walk.ts";

const OWNER_SEARCH = 0o100;

export class ArchiveWriter {
  readonly #sink: ArchiveSink;
  readonly #files: FileAdder;
  /** Directories that their owner may not write to, or not search. */
  readonly #closed: WalkEntry[] = [];
  /** Mode and path of all of them, in the order in which they are closed, and of what has special bits. */
  readonly #modes: (readonly [mode: number, path: string])[];

  constructor(options: ArchiveOptions, buffer: ArchiveBuffer, modes: (readonly [number, string])[] = []) {
    this.#modes = modes;
    this.#sink = new ArchiveSink(options, buffer);
    this.#files = new FileAdder(this.#sink, (mode, path) => this.#modes.push([mode, path]));
  }

  /** A writer for another directory in the same archive. @param prefix Byte string. */
  below(tree: FileTree, prefix: string): ArchiveWriter {
    return new ArchiveWriter({ ...this.#sink.options, tree, prefix }, this.#sink.buffer, this.#modes);
  }

  /** Adds an entry that slipway makes, with time 0. @param path Byte string, in the archive. */
  *addMade(path: string, data: Uint8Array | undefined): Steps {
    const type = data === undefined ? "directory" : "file";
    const size = data?.length ?? 0;
    const mode = type === "file" ? 0o644 : 0o755;
    yield* this.#sink.addBytes(encodeHeader({ path, type, mode, size, mtime: 0, target: "" }));
    if (data !== undefined) yield* this.#sink.addBytes(data);
    yield* this.#sink.addZeros(padding(size));
  }

  /** Adds an entry of the context at once, or returns the steps if it needs several. */
  addEntry(entry: WalkEntry): Steps<unknown> | undefined {
    return entry.kind === "file" ? this.#files.add(entry) : this.#addLeaf(entry);
  }

  /** Writes the two empty blocks at the end, and yields the last buffer. */
  *end(): Steps {
    yield* this.#sink.addZeros(END_BYTES);
    yield this.#sink.buffer.take();
  }

  /** Gives directories their modes, after everything below them, and the deepest first. */
  *closeDirectories(): Steps {
    for (const { path, stat } of this.#closed.splice(0).toReversed()) {
      const header = this.#sink.header(this.#directoryPath(path), "directory", stat, 0);
      this.#modes.push([header.mode, header.path]);
      yield* this.#sink.addBytes(encodeHeader(header));
    }
  }

  /**
   * Adds the lists of their modes, for a tar that changes no directory that is there: busybox's, for a user other than root.
   * @param directory where the lists go, in the archive @param pairs name of the list with modes
   */
  *addModes(directory: string, pairs: string): Steps {
    if (this.#modes.length === 0) return;
    const lists = new Map<string, string>();
    for (const [mode, path] of this.#modes) {
      const isSearchable = (mode & OWNER_SEARCH) !== 0;
      const list = isSearchable ? mode.toString(8).padStart(4, "0") : pairs;
      const item = isSearchable ? `${path}\0` : `${mode.toString(8).padStart(4, "0")}\0${path}\0`;
      lists.set(list, (lists.get(list) ?? "") + item);
    }
    yield* this.addMade(`${directory}/`, undefined);
    for (const [name, text] of lists) yield* this.addMade(`${directory}/${name}`, Buffer.from(text, "latin1"));
  }

  /** Adds an entry without content. */
  *#addLeaf(entry: WalkEntry): Steps {
    if (entry.kind === "directory") yield* this.#addDirectory(entry);
    else {
      const path = this.#sink.options.prefix + entry.path;
      yield* this.#sink.addBytes(encodeHeader(this.#sink.header(path, "symlink", entry.stat, 0, entry.target)));
    }
    this.#sink.count(0);
  }

  /** busybox gives a directory its mode before it fills it, so a user other than root could not unpack a read-only one. */
  *#addDirectory(entry: WalkEntry): Steps {
    const header = this.#sink.header(this.#directoryPath(entry.path), "directory", entry.stat, 0);
    if (isClosedToOwner(header.mode)) this.#closed.push(entry);
    else if ((header.mode & SPECIAL_BITS) !== 0) this.#modes.push([header.mode, header.path]);
    yield* this.#sink.addBytes(encodeHeader({ ...header, mode: header.mode | OWNER_ALL }));
  }

  #directoryPath(path: string): string {
    return `${this.#sink.options.prefix}${path}/`;
  }
}
