/** What the walk asks of a file system, and the disk's answers. */
import { lstatSync, readdirSync, readlinkSync, statSync, type Stats } from "node:fs";
import { InvalidInput } from "../errors.ts";
import { PathResolver, toText } from "../lib/files/path-bytes.ts";

/** Paths are byte strings relative to the root, empty for the root itself. Failures are thrown as the system's errors. */
export interface ContextTree {
  /** In any order, as byte strings. */
  names(directory: string): string[];
  /** Of the path itself, also where it is a symlink. */
  stat(path: string): Stats;
  /** What a symlink says, as a byte string. */
  target(symlink: string): string;
}

export class DiskTree implements ContextTree {
  readonly #paths: PathResolver;

  /**
   * @param root Absolute path of a directory, or of a symlink to one.
   * @throws InvalidInput if it is neither.
   */
  constructor(root: string) {
    this.#paths = new PathResolver(root);
    let isDirectory: boolean;
    try {
      isDirectory = statSync(root).isDirectory();
    } catch (error) {
      throw unreadable(`the build context ${root}`, error, ["check the path of the build context"]);
    }
    if (!isDirectory) {
      throw new InvalidInput(`the build context ${root} is not a directory`, {
        docker: "refuses",
        suggestions: ["name the directory that holds what the Dockerfile copies"],
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
    return readlinkSync(this.#paths.resolve(symlink), "latin1");
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

export function isDenied(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(codeOf(error));
}

/** Gone, or no longer what it was when its directory was read. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EINVAL", "ELOOP"].includes(codeOf(error));
}

/** @param path Byte string relative to the context. */
export function unreadableInContext(path: string, error: unknown): InvalidInput {
  const shown = path === "" ? "." : toText(path);
  return unreadable(`${shown} in the build context`, error, [
    `make it readable: chmod -R u+rX ${shown}`,
    `leave it out: add ${shown} to .dockerignore`,
  ]);
}

function unreadable(what: string, error: unknown, suggestions: readonly string[]): InvalidInput {
  const code = codeOf(error);
  const reason = code === "ENOENT" ? "it does not exist" : isDenied(error) ? "permission denied" : code;
  return new InvalidInput(`cannot read ${what}: ${reason}`, { docker: "refuses", suggestions, cause: error });
}
