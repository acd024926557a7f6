/** Where the archive is put together: a buffer that is filled, handed out, and followed by another. */

/** The length of a gzip member before compression. Larger members compress no better, smaller ones cost more calls. */
export const BUFFER_LENGTH = 1024 * 1024;

/** What any buffer can `reserve` once it is empty: the limit for what must be in one piece. */
export const LONGEST_PIECE = 60 * 1024;

export interface ArchiveBuffer {
  /** Sees to it that `space` has at least this many bytes; false if what is filled must be taken first. */
  reserve(length: number): boolean;
  /** The bytes to be filled next; `advance` tells how many of them were. */
  readonly space: Buffer;
  advance(length: number): void;
  /** What has been filled, if anything; filling goes on in another buffer. */
  take(): Buffer | undefined;
  /** Takes back what `take` gave, when nobody reads it any more, to be filled again. */
  release(filled: Buffer): void;
}

/** Gives out the archive as it is, to be compressed. */
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
