/** Measures how fast the reader takes the archive, to choose the compression level. */

/** On slower links, more compression is faster than more bytes: gzip -6 output is an eighth smaller, at half the speed of -1. */
const SLOW_BYTES_PER_SECOND = 3_000_000;
/** Number of recent bytes to measure. The buffers of a connection take their share at once. */
const WINDOW_BYTES = 8 * 1024 * 1024;

export const FAST_LEVEL = 1;
export const SLOW_LEVEL = 6;

export class LinkSpeed {
  /** Bytes, and the milliseconds until the reader asked for more. */
  readonly #taken: { readonly bytes: number; readonly ms: number }[] = [];
  #bytes = 0;
  #ms = 0;

  /** Records that the reader took this many bytes in this time. */
  observe(bytes: number, ms: number): void {
    this.#taken.push({ bytes, ms });
    this.#bytes += bytes;
    this.#ms += ms;
    for (let oldest = this.#taken[0]; oldest !== undefined && this.#bytes - oldest.bytes >= WINDOW_BYTES;) {
      this.#taken.shift();
      this.#bytes -= oldest.bytes;
      this.#ms -= oldest.ms;
      oldest = this.#taken[0];
    }
  }

  /** Level for the next buffer. Fast until a whole window shows a slow link. */
  get level(): number {
    return this.#bytes >= WINDOW_BYTES && this.#bytes * 1000 < SLOW_BYTES_PER_SECOND * this.#ms
      ? SLOW_LEVEL
      : FAST_LEVEL;
  }
}
