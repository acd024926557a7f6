/** Temporary files and directories, below TMPDIR. They are gone when the process ends, unless it is killed. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { InvalidInput } from "../../errors.ts";

const directories = new Set<string>();
let isWatchingExit = false;

/**
 * Makes an empty directory for this user only.
 * @param prefix begins its name
 * @param parent where it is, TMPDIR if it is not given
 * @throws InvalidInput, with a remedy
 */
export function makeScratchDirectory(prefix: string, parent: string = tmpdir()): string {
  let directory: string;
  try {
    directory = mkdtempSync(join(parent, prefix));
  } catch (error) {
    throw scratchFault(error, parent);
  }
  if (!isWatchingExit) process.once("exit", removeAll);
  isWatchingExit = true;
  directories.add(directory);
  return directory;
}

/** The directory of `makeScratchDirectory` that a path is in, as it is written. */
export function scratchDirectoryOf(path: string): string | undefined {
  return [...directories].find((directory) => path === directory || path.startsWith(directory + sep));
}

/** Removes a directory of `makeScratchDirectory` before the process ends. */
export function removeScratchDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 2 });
  directories.delete(directory);
}

/**
 * A temporary file that only this process can open. It has no name any more, so it is gone with the process, however that ends.
 * Windows, and some network file systems, keep a name until the process exits.
 */
export class ScratchFile implements Disposable {
  readonly #descriptor: number;
  readonly #parent: string;

  /**
   * @param prefix begins the name of its directory
   * @param parent where that directory is for a moment, below TMPDIR if it is not given
   * @throws InvalidInput, with a remedy
   */
  constructor(prefix: string, parent: string = tmpdir()) {
    this.#parent = parent;
    const directory = makeScratchDirectory(prefix, parent);
    try {
      this.#descriptor = openSync(join(directory, "content"), "wx+", 0o600);
    } catch (error) {
      throw scratchFault(error, parent);
    }
    try {
      if (process.platform !== "win32") removeScratchDirectory(directory);
    } catch {
      // It is tried again when the process exits.
    }
  }

  /** @param at position in the file @throws InvalidInput, with a remedy */
  write(chunk: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < chunk.length;)
        done += writeSync(this.#descriptor, chunk, done, chunk.length - done, at + done);
    } catch (error) {
      throw scratchFault(error, this.#parent);
    }
  }

  /** Fills the space with the bytes from `at` on. All of them have to be there. */
  read(space: Uint8Array, at: number): void {
    for (let done = 0; done < space.length;) {
      const count = readSync(this.#descriptor, space, done, space.length - done, at + done);
      if (count === 0) throw new Error("a temporary file is shorter than what was written to it");
      done += count;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** Why a directory cannot be used for temporary files, with a remedy. */
function scratchFault(error: unknown, directory: string): InvalidInput {
  return new InvalidInput(`the directory for temporary files, ${directory}, ${whyUnusable(error)}`, {
    suggestions: [
      process.platform === "win32"
        ? "Name a directory with free space that you may write to: set TEMP=D:\\directory"
        : "Name a directory with free space that you may write to: TMPDIR=/path/to/directory slipway …",
    ],
    cause: error,
  });
}

function whyUnusable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return "does not exist";
    case "ENOTDIR":
      return "is not a directory";
    case "EACCES":
    case "EPERM":
      return "may not be written to by you";
    case "EROFS":
      return "is on a read-only file system";
    case "ENOSPC":
    case "EDQUOT":
      return "is full";
    default:
      return `cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 2 });
}
