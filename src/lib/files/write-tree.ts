/** Writes a tree of files into a directory, as it is: bytes, modes, times, links. Follows no link, neither of the tree nor in the directory. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OWNER_ALL, isClosedToOwner } from "./file-tree.ts";
import type { FileStat, FileTree } from "./file-tree.ts";
import { PathResolver, toText } from "./path-bytes.ts";
import { makeScratchDirectory, removeScratchDirectory } from "./scratch.ts";

const PIECE_BYTES = 1024 * 1024;

/** Characters that no file name of Windows has: separators, streams, wildcards, controls. */
// oxlint-disable-next-line no-control-regex -- they are in names of Linux
const NOT_IN_WINDOWS = /[\\:*?"<>|\u0000-\u001F]|[. ]$/;

/** Thrown for an entry that cannot be made here. */
export class Unwritable extends Error {}

/**
 * Files that are there already are replaced, and stay if the tree does not have them. Directories get their modes last, so that
 * read-only ones can be filled.
 * @param root absolute path of an existing directory
 * @throws Unwritable for a FIFO or a socket, for a name that Windows does not have, and for two names that are one on this disk; the
 *   system's errors
 */
export async function writeTree(tree: FileTree, root: string, platform: string = process.platform): Promise<void> {
  await new TreeWriter(tree, root, platform).run();
}

class TreeWriter {
  readonly #tree: FileTree;
  readonly #root: string;
  readonly #paths: PathResolver;
  readonly #platform: string;
  /** Identity to the first name of a file with several. */
  readonly #linked = new Map<string, string>();
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #written = 0;

  constructor(tree: FileTree, root: string, platform: string) {
    this.#tree = tree;
    this.#root = root;
    this.#paths = new PathResolver(root);
    this.#platform = platform;
  }

  async run(): Promise<void> {
    const directories: string[] = [];
    const rest = this.#below("");
    for (let path = rest.pop(); path !== undefined; path = rest.pop()) {
      const stat = this.#tree.stat(path);
      if (stat.isDirectory()) {
        this.#makeDirectory(path);
        directories.push(path);
        for (const below of this.#below(path)) rest.push(below);
      } else this.#write(path, stat);
      if (this.#written > PIECE_BYTES) {
        this.#written = 0;
        await nextTurn();
      }
    }
    // The deepest first: a directory may be closed to its owner.
    for (const path of directories.toReversed()) {
      const { mode, mtimeMs } = this.#tree.stat(path);
      const target = this.#paths.resolve(path);
      utimesSync(target, mtimeMs / 1000, mtimeMs / 1000);
      chmodSync(target, mode & 0o7777);
    }
  }

  #below(directory: string): string[] {
    const names = this.#tree.names(directory).sort().toReversed();
    // Its separators would lead out of the directory.
    const foreign = this.#platform === "win32" ? names.find((name) => NOT_IN_WINDOWS.test(name)) : undefined;
    if (foreign !== undefined)
      throw new Unwritable(`${toText(pathOf(directory, foreign))} is not a name that a file can have on Windows`);
    this.#refuseTwins(directory, names);
    return names.map((name) => pathOf(directory, name));
  }

  /** Disks of Windows and macOS take two names that differ only in case, or only in how an accent is written, as one file. */
  #refuseTwins(directory: string, names: readonly string[]): void {
    const seen = new Map<string, string>();
    for (const name of names) {
      const folded = toText(name).normalize("NFC").toLowerCase();
      const twin = seen.get(folded);
      seen.set(folded, name);
      if (twin === undefined || !this.#areOne(name, twin)) continue;
      const [one, other] = [name, twin].map((each) => toText(pathOf(directory, each)));
      throw new Unwritable(`${one} and ${other} are two files, but this disk has one name for both`);
    }
  }

  /** Tries it in a directory of the destination: the answer differs by disk. */
  #areOne(name: string, twin: string): boolean {
    const probe = makeScratchDirectory(".slipway-", this.#root);
    try {
      const paths = new PathResolver(probe);
      closeSync(openSync(paths.resolve(name), "wx", 0o600));
      return lstatSync(paths.resolve(twin), { throwIfNoEntry: false }) !== undefined;
    } finally {
      removeScratchDirectory(probe);
    }
  }

  #makeDirectory(path: string): void {
    const target = this.#paths.resolve(path);
    const found = lstatSync(target, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) {
      // Without these permissions nothing can be put into it.
      if (isClosedToOwner(found.mode)) chmodSync(target, (found.mode & 0o7777) | OWNER_ALL);
      return;
    }
    if (found !== undefined) rmSync(target);
    mkdirSync(target, { mode: OWNER_ALL });
  }

  #write(path: string, stat: FileStat): void {
    const target = this.#paths.resolve(path);
    if (!stat.isFile() && !stat.isSymbolicLink())
      throw new Unwritable(`${toText(path)} is a ${stat.isFIFO() ? "FIFO" : "special file"}`);
    rmSync(target, { recursive: true, force: true });
    const identity = stat.nlink > 1 ? this.#tree.identity(path) : undefined;
    const first = identity === undefined ? undefined : this.#linked.get(identity);
    if (first !== undefined) {
      linkSync(this.#paths.resolve(first), target);
      return;
    }
    if (identity !== undefined) this.#linked.set(identity, path);
    const seconds = stat.mtimeMs / 1000;
    if (stat.isSymbolicLink()) {
      symlinkSync(Buffer.from(this.#tree.target(path), "latin1"), target);
      lutimesSync(target, seconds, seconds);
      return;
    }
    // Fails if the path exists: another user may have just put a link there.
    const descriptor = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      this.#copy(path, descriptor);
      // After the content: writing takes setuid away.
      fchmodSync(descriptor, stat.mode & 0o7777);
      futimesSync(descriptor, seconds, seconds);
    } finally {
      closeSync(descriptor);
    }
  }

  #copy(path: string, descriptor: number): void {
    using file = this.#tree.open(path);
    for (;;) {
      const count = file.read(this.#piece, 0, PIECE_BYTES);
      for (let at = 0; at < count;) at += writeSync(descriptor, this.#piece, at, count - at);
      this.#written += count;
      if (count < PIECE_BYTES) return;
    }
  }
}

function pathOf(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
