/** A tree of files that is read: a directory on the disk, or the entries of an archive. */
import type { Stats } from "node:fs";

/** Metadata of a path: a part of `Stats` of `node:fs`. */
export type FileStat = Pick<
  Stats,
  | "isDirectory"
  | "isFile"
  | "isSymbolicLink"
  | "isFIFO"
  | "isSocket"
  | "mode"
  | "size"
  | "mtimeMs"
  | "ctimeMs"
  | "nlink"
  | "dev"
  | "ino"
>;

/** A file that is being read. */
export interface OpenFile extends Disposable {
  stat(): FileStat;
  /** Reads `length` bytes into `space` from `at` on, or up to the end of the file. @returns how many bytes were read. */
  read(space: Buffer, at: number, length: number): number;
}

/** The methods that a walk needs. Paths are byte strings relative to the root, empty for the root. Errors have the system's codes. */
export interface ListedTree {
  /** Names in a directory, as byte strings in any order. */
  names(directory: string): string[];
  /** Returns the metadata of a path. Does not follow a symlink. */
  stat(path: string): FileStat;
  /** Target of a symlink, as a byte string. */
  target(symlink: string): string;
}

/** A tree whose files can be read, too. */
export interface FileTree extends ListedTree {
  /** Opens a file. Does not follow a symlink. */
  open(path: string): OpenFile;
  /** Returns the same text for all names of one file; undefined if the file no longer exists. */
  identity(path: string): string | undefined;
}

/** How many symlinks are followed for one path. Linux follows 40. */
export const MAX_SYMLINKS = 40;

/** Read, write and search permission of the owner. */
export const OWNER_ALL = 0o700;

/** Whether the owner of a directory may not list, fill or search it. @param mode of the directory */
export function isClosedToOwner(mode: number): boolean {
  return (mode & OWNER_ALL) !== OWNER_ALL;
}

/** Whether a tree has a path. @param path Byte string relative to the root. */
export function isInTree(tree: ListedTree, path: string): boolean {
  try {
    tree.stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The content of a file, with symlinks followed inside the tree.
 * @param path Byte string relative to the root.
 * @param maxBytes a larger file is not read
 * @returns undefined if there is no such file, or if it leads out of the tree; `too-large`
 */
export function readInTree(tree: FileTree, path: string, maxBytes: number): Buffer | "too-large" | undefined {
  try {
    const found = followInTree(tree, path);
    if (found === undefined) return undefined;
    const { size } = tree.stat(found);
    if (!tree.stat(found).isFile()) return undefined;
    if (size > maxBytes) return "too-large";
    using file = tree.open(found);
    const content = Buffer.alloc(size);
    return content.subarray(0, file.read(content, 0, size));
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** The path without symlinks. Undefined if it leads out of the tree. Throws the system's errors. */
function followInTree(tree: FileTree, path: string): string | undefined {
  const way: string[] = [];
  const rest = path.split("/").toReversed();
  for (let links = 0; rest.length > 0;) {
    const part = rest.pop() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (way.pop() === undefined) return undefined;
      continue;
    }
    const at = [...way, part].join("/");
    if (!tree.stat(at).isSymbolicLink()) {
      way.push(part);
      continue;
    }
    const target = tree.target(at);
    if (target.startsWith("/") || ++links > MAX_SYMLINKS) return undefined;
    rest.push(...target.split("/").toReversed());
  }
  return way.join("/");
}
