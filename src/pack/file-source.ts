/** A file of the context while it is read: opened so that nothing swapped in for it is followed or waited for. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";

/** A symlink put in the file's place fails to open, a FIFO opens at once. Windows knows neither. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class FileSource implements Disposable {
  readonly #descriptor: number;

  /** @throws the system's error. */
  constructor(path: string | Buffer) {
    this.#descriptor = openSync(path, OPEN_FLAGS);
  }

  stat(): Stats {
    return fstatSync(this.#descriptor);
  }

  /** Reads on until `length` bytes are in `space` from `at` on, or the file ends. @returns how many bytes were read. */
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

/** Whether both were taken of one file with nothing written to it in between, as far as a file system tells. */
export function isUnchanged(before: Stats, after: Stats): boolean {
  return (
    before.size === after.size &&
    before.mtimeMs === after.mtimeMs &&
    before.ino === after.ino &&
    before.dev === after.dev &&
    before.mode === after.mode
  );
}
