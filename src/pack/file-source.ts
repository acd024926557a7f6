/** An open file of the context. If something replaces the file, it is neither followed (a symlink) nor waited for (a FIFO). */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import type { FileStat, OpenFile } from "../lib/files/file-tree.ts";

/** A symlink fails to open, and a FIFO opens at once. Windows has neither flag. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class FileSource implements OpenFile {
  readonly #descriptor: number;

  /** @throws the system's error. */
  constructor(path: string | Buffer) {
    this.#descriptor = openSync(path, OPEN_FLAGS);
  }

  stat(): Stats {
    return fstatSync(this.#descriptor);
  }

  read(space: Buffer, at: number, length: number): number {
    let total = 0;
    while (total < length) {
      const count = readSync(this.#descriptor, space, at + total, length - total, null);
      if (count === 0) break;
      total += count;
    }
    return total;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** Tells whether both are of the same file and, by its metadata, nothing was written to it in between. */
export function isUnchanged(before: FileStat, after: FileStat): boolean {
  return (
    before.size === after.size &&
    before.mtimeMs === after.mtimeMs &&
    before.ino === after.ino &&
    before.dev === after.dev &&
    before.mode === after.mode
  );
}
