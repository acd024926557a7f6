/** Where an export goes on the client: a file, a directory or standard output. It arrives whole, or not at all. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { extract } from "tar";
import type { Export } from "../../plan/docker/options.ts";
import { ClusterError, InvalidInput } from "../../errors.ts";

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
    if (dest === "-") {
      if (stdoutIsTerminal) {
        throw new InvalidInput(`dest file is required for ${format} exporter. refusing to write to console`, {
          docker: "refuses",
          suggestions: [`Write -o type=${format},dest=FILE, or send standard output to a file.`],
        });
      }
      continue;
    }
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
  readonly #partial: string;
  readonly #descriptor: number;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    this.#partial = `${path}.${process.pid}.partial`;
    this.#descriptor = onDisk(path, () => openSync(this.#partial, "w", 0o666));
  }

  write(chunk: Uint8Array): void {
    onDisk(this.#path, () => {
      for (let at = 0; at < chunk.length;) at += writeSync(this.#descriptor, chunk, at);
    });
  }

  commit(): Promise<void> {
    closeSync(this.#descriptor);
    this.#closed = true;
    onDisk(this.#path, () => renameSync(this.#partial, this.#path));
    return Promise.resolve();
  }

  discard(): Promise<void> {
    if (!this.#closed) closeSync(this.#descriptor);
    rmSync(this.#partial, { force: true });
    return Promise.resolve();
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

function unwritable(path: string, error: unknown): InvalidInput {
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
    process.stdout.write(chunk);
    this.#written += chunk.length;
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    if (this.#written === 0) return Promise.resolve();
    return Promise.reject(
      new ClusterError("the archive was cut on its way to standard output", {
        suggestions: ["Throw away the part that arrived, and build again."],
      }),
    );
  }
}

/** The archive goes to a file beside the directory and is unpacked once it is whole, over the files that are there, like docker's `mode=copy`. */
class DirectoryDestination implements Destination {
  readonly #path: string;
  readonly #archive: string;
  readonly #file: FileDestination;

  constructor(path: string) {
    this.#path = resolve(path);
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#archive = `${this.#path}.${process.pid}.tar`;
    this.#file = new FileDestination(this.#archive);
  }

  write(chunk: Uint8Array): void {
    this.#file.write(chunk);
  }

  async commit(): Promise<void> {
    await this.#file.commit();
    // As docker does: a directory that it has to make is only for this user.
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    // The files keep their modes in the image, as with docker; the user's umask does not apply.
    const mask = process.umask(0);
    try {
      await extract({ file: this.#archive, cwd: this.#path, preserveOwner: false, chmod: true }).catch(
        (error: unknown) => {
          throw unwritable(this.#path, error);
        },
      );
    } finally {
      process.umask(mask);
      rmSync(this.#archive, { force: true });
    }
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }
}
