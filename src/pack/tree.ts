/** The directory on the disk that a walk reads, and how its errors become sentences. */
import { lstatSync, readdirSync, readlinkSync, statSync, type Stats } from "node:fs";
import { InvalidInput } from "../errors.ts";
import type { FileTree, ListedTree, OpenFile } from "../lib/files/file-tree.ts";
import { PathResolver, toText } from "../lib/files/path-bytes.ts";
import { FileSource } from "./file-source.ts";
import type { ContextDirectory } from "./walk.ts";

/** The part of a context's tree that a walk needs. */
export type ContextTree = ListedTree;

/** The tree of a context: that of its archive, or its directory. @throws InvalidInput for a directory that cannot be read */
export function treeOf({ root, tree }: Pick<ContextDirectory, "root" | "tree">): FileTree {
  return tree ?? new DiskTree(root);
}

export class DiskTree implements FileTree {
  readonly #paths: PathResolver;
  readonly #platform: string;

  /**
   * @param root Absolute path of a directory, or of a symlink to one.
   * @throws InvalidInput for anything else.
   */
  constructor(root: string, platform: string = process.platform) {
    this.#paths = new PathResolver(root);
    this.#platform = platform;
    let isDirectory: boolean;
    try {
      isDirectory = statSync(root).isDirectory();
    } catch (error) {
      throw unreadable(`the build context ${root}`, error, ["Check the path of the build context."]);
    }
    if (!isDirectory) {
      throw new InvalidInput(`the build context ${root} is not a directory`, {
        docker: "refuses",
        suggestions: ["Give the directory with the files that the Dockerfile copies."],
      });
    }
  }

  names(directory: string): string[] {
    return readdirSync(this.#paths.resolve(directory), "latin1");
  }

  stat(path: string): Stats {
    return lstatSync(this.#paths.resolve(path));
  }

  target(symlink: string): string {
    const target = readlinkSync(this.#paths.resolve(symlink), "latin1");
    // As docker sends it. A junction has an absolute target, with its drive.
    return this.#platform === "win32" ? target.replaceAll("\\", "/") : target;
  }

  open(path: string): OpenFile {
    return new FileSource(this.#paths.resolve(path));
  }

  identity(path: string): string | undefined {
    // Big integers, because a double cannot hold every inode number exactly.
    const found = lstatSync(this.#paths.resolve(path), { bigint: true, throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

export function isDenied(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(codeOf(error));
}

/** Tells whether the error means that a file was deleted, or that its type changed, after its directory was read. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EINVAL", "ELOOP"].includes(codeOf(error));
}

/** @param path Byte string relative to the context. */
export function unreadableInContext(path: string, error: unknown): InvalidInput {
  const shown = path === "" ? "." : toText(path);
  return unreadable(`${shown} in the build context`, error, [
    `Make it readable: chmod -R u+rX ${shown}`,
    `Or exclude it: add ${shown} to .dockerignore.`,
  ]);
}

function unreadable(what: string, error: unknown, suggestions: readonly string[]): InvalidInput {
  const code = codeOf(error);
  const reason = code === "ENOENT" ? "it does not exist" : isDenied(error) ? "permission denied" : code;
  return new InvalidInput(`cannot read ${what}: ${reason}`, { docker: "refuses", suggestions, cause: error });
}
