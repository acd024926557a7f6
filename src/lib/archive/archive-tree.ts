/**
 * The files of an archive as a tree in memory, without unpacking them. The tree is the same that docker makes when it unpacks the
 * archive into a new root directory (moby: pkg/archive, in a chroot), for any user and any umask. No path can lead out of the tree,
 * because it is not on the disk.
 */
import { MAX_SYMLINKS } from "../files/file-tree.ts";
import type { FileStat, FileTree, OpenFile } from "../files/file-tree.ts";
import { toText } from "../files/path-bytes.ts";
import { LIMITS } from "../limits/limits.ts";
import { InvalidInput } from "../../errors.ts";
import { ContentStore } from "./content-store.ts";
import type { Extent } from "./sparse.ts";
import type { RawEntry, Taker } from "./tar-reader.ts";

/** Mode of a directory that the archive does not list, but that has files in the archive. */
const IMPLIED_DIRECTORY_MODE = 0o755;

type Kind = "directory" | "file" | "symlink" | "fifo";

class Node implements FileStat {
  readonly kind: Kind;
  readonly ino: number;
  readonly dev = 0;
  readonly size: number;
  readonly target: string;
  readonly children = new Map<string, Node>();
  mode: number;
  mtimeMs: number;
  nlink = 1;
  /** Position of the data in the store: all extents in order. */
  at = 0;
  readonly extents: readonly Extent[];

  constructor(
    kind: Kind,
    ino: number,
    { mode, mtimeMs, size = 0, target = "", extents }: Partial<RawEntry> & Pick<RawEntry, "mode" | "mtimeMs">,
  ) {
    this.kind = kind;
    this.ino = ino;
    // Linux reports this mode for every symlink.
    this.mode = kind === "symlink" ? 0o777 : mode;
    this.mtimeMs = mtimeMs;
    this.size = size;
    this.target = target;
    this.extents = extents ?? [{ offset: 0, length: size }];
  }

  get ctimeMs(): number {
    return this.mtimeMs;
  }

  isDirectory(): boolean {
    return this.kind === "directory";
  }

  isFile(): boolean {
    return this.kind === "file";
  }

  isSymbolicLink(): boolean {
    return this.kind === "symlink";
  }

  isFIFO(): boolean {
    return this.kind === "fifo";
  }

  isSocket(): boolean {
    return false;
  }
}

/** The error of the system for a path that is not there. */
class NotThere extends Error {
  readonly code: string;

  constructor(code: "ENOENT" | "ENOTDIR" | "EINVAL" | "EISDIR" | "ELOOP", path: string) {
    super(`${code}: ${toText(path)}`);
    this.code = code;
  }
}

/** Longest path that Linux takes, in bytes (PATH_MAX), and longest name (NAME_MAX). */
const MAX_PATH_BYTES = LIMITS.ARCHIVE_PATH_BYTES.value;
const MAX_NAME_BYTES = LIMITS.ARCHIVE_NAME_BYTES.value;

/** How large a tree may become. */
export interface TreeLimits {
  /** Files, links and directories. */
  readonly entries: number;
  /** Bytes of all files, with the holes of sparse files. */
  readonly bytes: number;
  /** The error for what is over the limit. */
  readonly refuse: (key: "entries" | "bytes") => Error;
}

export class ArchiveTree implements FileTree {
  readonly #root = new Node("directory", 0, { mode: IMPLIED_DIRECTORY_MODE, mtimeMs: 0 });
  readonly #store: ContentStore;
  readonly #name: string;
  readonly #limits: TreeLimits;
  #inodes = 0;
  /** Entries so far, and parts of sparse files. */
  #entries = 0;
  #bytes = 0;

  /** @param name name of the archive in messages */
  constructor(store: ContentStore, name: string, limits: TreeLimits) {
    this.#store = store;
    this.#name = name;
    this.#limits = limits;
  }

  /**
   * Adds an entry, over what has the same path.
   * @returns what takes the entry's content, if it has any
   * @throws InvalidInput for an entry that docker refuses, with its name
   */
  add(entry: RawEntry): Taker | undefined {
    this.#count(entry);
    const parts = cleanParts(entry.path);
    if (entry.target.length > MAX_PATH_BYTES) throw this.#refuse(entry, "its target is too long");
    if (entry.path.length > MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES))
      throw this.#refuse(entry, "its name is too long");
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type === "directory") return undefined;
      throw this.#refuse(entry, "it has the name of the archive's own root");
    }
    if (entry.type === "device") throw this.#refuse(entry, "it is a device");
    if (entry.type === "other") throw this.#refuse(entry, `entries of type ${JSON.stringify(entry.flag)} are unknown`);
    const parent = this.#parent(parts, entry);
    if (entry.type === "link") {
      const linked = this.#linked(entry);
      const there = parent.children.get(name);
      if (linked === there) return undefined;
      this.#put(parent, name, linked);
      linked.nlink++;
      return undefined;
    }
    const there = parent.children.get(name);
    if (entry.type === "directory" && there?.kind === "directory") {
      [there.mode, there.mtimeMs] = [entry.mode, entry.mtimeMs];
      return undefined;
    }
    const node = new Node(entry.type, this.#nextInode(), entry);
    this.#put(parent, name, node);
    if (node.kind !== "file") return undefined;
    node.at = this.#store.size;
    return { write: (chunk) => this.#store.append(chunk), end: () => {} };
  }

  names(directory: string): string[] {
    const node = this.#find(directory);
    if (node.kind !== "directory") throw new NotThere("ENOTDIR", directory);
    return [...node.children.keys()];
  }

  stat(path: string): FileStat {
    return this.#find(path);
  }

  target(symlink: string): string {
    const node = this.#find(symlink);
    if (node.kind !== "symlink") throw new NotThere("EINVAL", symlink);
    return node.target;
  }

  open(path: string): OpenFile {
    const node = this.#find(path);
    if (node.kind === "symlink") throw new NotThere("ELOOP", path);
    if (node.kind !== "file") throw new NotThere("EISDIR", path);
    return new StoredFile(node, this.#store);
  }

  identity(path: string): string | undefined {
    return String(this.#find(path).ino);
  }

  /** @throws the error of the limits */
  #count({ size, extents }: RawEntry): void {
    this.#entries += 1 + (extents?.length ?? 0);
    this.#bytes += size;
    if (this.#entries > this.#limits.entries) throw this.#limits.refuse("entries");
    if (this.#bytes > this.#limits.bytes) throw this.#limits.refuse("bytes");
  }

  /** Directories that the archive does not list count, too. */
  #nextInode(): number {
    if (++this.#inodes > this.#limits.entries) throw this.#limits.refuse("entries");
    return this.#inodes;
  }

  #put(parent: Node, name: string, node: Node): void {
    const there = parent.children.get(name);
    if (there !== undefined) forget(there);
    parent.children.set(name, node);
  }

  /** The directory that an entry goes into. Directories that are missing are made, and symlinks are followed in the tree. */
  #parent(parts: readonly string[], entry: RawEntry): Node {
    let at: Node = this.#root;
    for (const [index, part] of parts.entries()) {
      const child = at.children.get(part);
      if (child === undefined) {
        const made = new Node("directory", this.#nextInode(), { mode: IMPLIED_DIRECTORY_MODE, mtimeMs: entry.mtimeMs });
        at.children.set(part, made);
        at = made;
        continue;
      }
      const found = child.kind === "symlink" ? this.#follow(parts.slice(0, index + 1)) : child;
      if (found?.kind !== "directory")
        throw this.#refuse(entry, `${toText(parts.slice(0, index + 1).join("/"))} is not a directory`);
      at = found;
    }
    return at;
  }

  /** Returns the target of a hard link. It follows symlinks in the path, but not in the last part. */
  #linked(entry: RawEntry): Node {
    const parts = cleanParts(entry.target);
    const name = parts.pop();
    const parent = name === undefined ? undefined : this.#follow(parts);
    const node = name === undefined ? undefined : parent?.children.get(name);
    if (node === undefined || node.kind === "directory")
      throw this.#refuse(
        entry,
        `it is a hard link to ${shorten(toText(entry.target))}, which is not a file of the archive before it`,
      );
    return node;
  }

  /** Follows all symlinks of a path inside the tree. Undefined if it leads to nothing. */
  #follow(parts: readonly string[]): Node | undefined {
    const way: Node[] = [this.#root];
    const rest = [...parts].toReversed();
    for (let links = 0; ;) {
      const part = rest.pop();
      const at = way.at(-1);
      if (part === undefined || at === undefined) return at;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        // The root is its own parent.
        if (way.length > 1) way.pop();
        continue;
      }
      const child = at.children.get(part);
      if (child === undefined) return undefined;
      if (child.kind !== "symlink") {
        way.push(child);
        continue;
      }
      if (++links > MAX_SYMLINKS) return undefined;
      if (child.target.startsWith("/")) way.length = 1;
      rest.push(...child.target.split("/").toReversed());
    }
  }

  #find(path: string): Node {
    let at: Node = this.#root;
    if (path === "") return at;
    for (const part of path.split("/")) {
      if (at.kind !== "directory") throw new NotThere("ENOTDIR", path);
      const child = at.children.get(part);
      if (child === undefined) throw new NotThere("ENOENT", path);
      at = child;
    }
    return at;
  }

  #refuse(entry: RawEntry, why: string): InvalidInput {
    return new InvalidInput(`${this.#name} cannot be used: ${shorten(toText(entry.path))}: ${why}`, {
      docker: "refuses",
    });
  }
}

/** Enough of a name to find it. */
function shorten(text: string): string {
  return text.length <= MAX_NAME_BYTES ? text : `${text.slice(0, MAX_NAME_BYTES)}…`;
}

/** One name less, for a file and for all files of a directory. */
function forget(node: Node): void {
  const rest = [node];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    next.nlink--;
    for (const child of next.children.values()) rest.push(child);
  }
}

/** The parts of a cleaned path, as Go's filepath.Clean makes it below a root: no `.`, no `..`, nothing empty. */
function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** A file whose data is in the store. Holes are zeros. */
class StoredFile implements OpenFile {
  readonly #node: Node;
  readonly #store: ContentStore;
  /** Position in the file. */
  #position = 0;
  /** Index of the extent at the position or after it, and where its data begins in the store. */
  #extent = 0;
  #at: number;

  constructor(node: Node, store: ContentStore) {
    this.#node = node;
    this.#store = store;
    this.#at = node.at;
  }

  stat(): FileStat {
    return this.#node;
  }

  read(space: Buffer, at: number, length: number): number {
    let total = 0;
    while (total < length && this.#position < this.#node.size) {
      const extent = this.#node.extents[this.#extent];
      if (extent !== undefined && this.#position >= extent.offset + extent.length) {
        this.#extent++;
        this.#at += extent.length;
        continue;
      }
      const wanted = length - total;
      const to = at + total;
      if (extent === undefined || this.#position < extent.offset) {
        const hole = Math.min(wanted, (extent?.offset ?? this.#node.size) - this.#position);
        space.fill(0, to, to + hole);
        total += hole;
        this.#position += hole;
        continue;
      }
      const into = this.#position - extent.offset;
      const count = Math.min(wanted, extent.length - into);
      this.#store.read(space.subarray(to, to + count), this.#at + into);
      total += count;
      this.#position += count;
    }
    return total;
  }

  [Symbol.dispose](): void {
    // The store stays open for all files.
  }
}

/** A tree without files. */
export const EMPTY_TREE: FileTree = new ArchiveTree(new ContentStore(), "the empty context", {
  entries: 0,
  bytes: 0,
  refuse: () => new Error("nothing is added to the empty tree"),
});
