/** Buffers in which the archive is written: one is filled, handed out, and followed by the next. */

/** Length of a gzip member before compression. Larger members do not compress better, smaller ones cost more calls. */
export const BUFFER_LENGTH = 1024 * 1024;

/** Number of bytes that every empty buffer can `reserve`: the limit for data that must be in one piece. */
export const LONGEST_PIECE = 60 * 1024;

export interface ArchiveBuffer {
  /** Makes sure that `space` has at least this many bytes; false if the filled part must be taken first. */
  reserve(length: number): boolean;
  /** The bytes to fill next; call `advance` with the number of bytes filled. */
  readonly space: Buffer;
  advance(length: number): void;
  /** The filled part, if any; filling continues in another buffer. */
  take(): Buffer | undefined;
  /** Returns a buffer from `take` that is not read any more, so that it can be filled again. */
  release(filled: Buffer): void;
}

/** Hands out uncompressed data, to be compressed later. */
export class PlainBuffer implements ArchiveBuffer {
  readonly #free: Buffer[] = [];
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_LENGTH);
  #used = 0;

  reserve(length: number): boolean {
    return BUFFER_LENGTH - this.#used >= length;
  }

  get space(): Buffer {
    return this.#buffer.subarray(this.#used);
  }

  advance(length: number): void {
    this.#used += length;
  }

  take(): Buffer | undefined {
    if (this.#used === 0) return undefined;
    const filled = this.#buffer.subarray(0, this.#used);
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_LENGTH);
    this.#used = 0;
    return filled;
  }

  release(filled: Buffer): void {
    this.#free.push(Buffer.from(filled.buffer, 0, BUFFER_LENGTH));
  }
}
