/** The destination of an export on the client: a file, a directory or standard output. It arrives complete, or not at all. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Export } from "../../plan/docker/options.ts";
import { isForEngine } from "../../plan/docker/results.ts";
import { BuildFailed, ClusterError, InternalError, InvalidInput } from "../../errors.ts";
import type { SlipwayError } from "../../errors.ts";
import { ArchiveTree } from "../../lib/archive/archive-tree.ts";
import type { TreeLimits } from "../../lib/archive/archive-tree.ts";
import { ContentStore } from "../../lib/archive/content-store.ts";
import { TarReader } from "../../lib/archive/tar-reader.ts";
import { Replacement, makeDirectory, targetOf } from "../../lib/files/replace-file.ts";
import { Unwritable, writeTree } from "../../lib/files/write-tree.ts";
import { printArchive } from "../../lib/terminal/output.ts";

export interface Destination {
  /** Writes synchronously, so that a fast cluster waits for a slow disk. */
  write(chunk: Uint8Array): void;
  /** Everything arrived and is what was sent. */
  commit(): Promise<void>;
  /** The transfer was cut or is wrong: nothing is kept. */
  discard(): Promise<void>;
}

/** Called before anything is created. @throws InvalidInput, in docker's words, for a destination that cannot be written to */
export async function checkDestinations(exports: readonly Export[], stdoutIsTerminal: boolean): Promise<void> {
  for (const wanted of exports) {
    const { dest, format } = wanted;
    if (isForEngine(wanted)) continue;
    if (dest === "-") {
      if (stdoutIsTerminal) {
        throw new InvalidInput(`dest file is required for ${format} exporter. refusing to write to console`, {
          docker: "refuses",
          suggestions: [`Write -o type=${format},dest=FILE, or send standard output to a file.`],
        });
      }
      continue;
    }
    refuseUnsafe(dest);
    const found = await stat(dest).catch(() => undefined);
    const toDirectory = isDirectory(wanted);
    if (found !== undefined && toDirectory && !found.isDirectory()) {
      throw new InvalidInput(`destination directory ${dest} is a file`, { docker: "refuses" });
    }
    if (found !== undefined && !toDirectory && found.isDirectory()) {
      throw new InvalidInput(`destination file ${dest} is a directory`, { docker: "refuses" });
    }
    if (!toDirectory && !(await stat(dirname(resolve(dest))).catch(() => undefined))?.isDirectory()) {
      throw new InvalidInput(`destination file ${dest} cannot be written: its directory does not exist`, {
        docker: "refuses",
      });
    }
  }
}

export function openDestination(wanted: Export): Destination {
  const { dest } = wanted;
  if (dest === "-") return new StandardOutput();
  return isDirectory(wanted) ? new DirectoryDestination(dest) : new FileDestination(dest);
}

function isDirectory(wanted: Export): boolean {
  return wanted.kind === "archive" ? wanted.directory : wanted.format === "local";
}

class FileDestination implements Destination {
  readonly #path: string;
  readonly #file: Replacement;
  #written = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = onDisk(path, () => new Replacement(path, { mode: 0o666 }));
  }

  write(chunk: Uint8Array): void {
    onDisk(this.#path, () => this.#file.write(chunk));
    this.#written += chunk.length;
  }

  commit(): Promise<void> {
    onDisk(this.#path, () => this.#file.commit());
    return Promise.resolve();
  }

  discard(): Promise<void> {
    this.#file.discard();
    return this.#file.target.direct && this.#written > 0 ? Promise.reject(cutOnItsWay(this.#path)) : Promise.resolve();
  }
}

/** A device or a pipe takes nothing back, and neither does standard output. */
function cutOnItsWay(place: string): ClusterError {
  return new ClusterError(`the archive was cut on its way to ${place}`, {
    suggestions: ["Throw away what came, and build again."],
  });
}

/** @throws InvalidInput for a link, a pipe or a device of another user */
function refuseUnsafe(dest: string): void {
  try {
    targetOf(dest);
  } catch (error) {
    throw new InvalidInput(`the result cannot be written to ${dest}: ${(error as Error).message}`, {
      docker: "accepts",
      suggestions: ["Name a place in a directory that only you may write to."],
      cause: error,
    });
  }
}

/** An error of this machine's disk is not worth another attempt. @throws InvalidInput */
function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): SlipwayError {
  if (error instanceof BuildFailed) return new ClusterError(`the result did not arrive whole: ${error.message}`);
  if (error instanceof Unwritable || (error instanceof InvalidInput && error.cause === undefined))
    return new InvalidInput(`the result is built, but it cannot be written to ${path}: ${error.message}`, {
      docker: "refuses",
      suggestions: ["To get it as it is: build again with -o type=tar,dest=FILE."],
      cause: error,
    });
  return new InvalidInput(`the result is built, but ${path} cannot be written: ${(error as Error).message}`, {
    docker: "refuses",
    suggestions: ["Free some space, or choose another destination, and build again."],
    cause: error,
  });
}

/** Written output cannot be taken back, so a failed transfer cannot be repeated. */
class StandardOutput implements Destination {
  #written = 0;

  write(chunk: Uint8Array): void {
    printArchive(chunk);
    this.#written += chunk.length;
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    if (this.#written === 0) return Promise.resolve();
    return Promise.reject(cutOnItsWay("standard output"));
  }
}

/**
 * The archive's files are kept beside the directory until it is whole. Then they are written over the files that are there, like docker's
 * `mode=copy`. Names, links, modes and times are the image's, even with a strict umask.
 */
class DirectoryDestination implements Destination {
  readonly #path: string;
  readonly #store: ContentStore;
  readonly #tree: ArchiveTree;
  readonly #reader: TarReader;

  constructor(path: string) {
    this.#path = resolve(path);
    onDisk(this.#path, () => makeDirectory(dirname(this.#path)));
    this.#store = new ContentStore(dirname(this.#path));
    this.#tree = new ArchiveTree(this.#store, "the result", NO_LIMITS);
    this.#reader = new TarReader((entry) => this.#tree.add(entry));
  }

  write(chunk: Uint8Array): void {
    onDisk(this.#path, () => this.#reader.write(chunk));
  }

  async commit(): Promise<void> {
    try {
      this.#reader.end();
      // Docker also makes a missing directory with mode 0700.
      onDisk(this.#path, () => makeDirectory(this.#path, 0o700));
      await writeTree(this.#tree, this.#path);
    } catch (error) {
      throw unwritable(this.#path, error);
    } finally {
      this.#store[Symbol.dispose]();
    }
  }

  discard(): Promise<void> {
    this.#store[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** The user built it, and chose the disk. */
const NO_LIMITS: TreeLimits = {
  entries: Infinity,
  bytes: Infinity,
  refuse: () => new InternalError("the result has no limits"),
};
