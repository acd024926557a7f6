/** How fast what is packed is taken, and how hard it is thus worth compressing. */

/** Bytes a second below which more compression is quicker than more bytes: gzip -6 makes an eighth less, at half the speed of -1. */
const SLOW_BYTES_PER_SECOND = 3_000_000;
/** What is looked at: the last so many bytes, given and taken. What a connection's buffers hold is taken at once. */
const WINDOW_BYTES = 8 * 1024 * 1024;

export const FAST_LEVEL = 1;
export const SLOW_LEVEL = 6;

export class LinkSpeed {
  /** Bytes, and the milliseconds until the reader came back for more. */
  readonly #taken: { readonly bytes: number; readonly ms: number }[] = [];
  #bytes = 0;
  #ms = 0;

  /** The reader took so many bytes, and so long. */
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

  /** The level for what is packed next. Fast until a whole window has shown otherwise. */
  get level(): number {
    return this.#bytes >= WINDOW_BYTES && this.#bytes * 1000 < SLOW_BYTES_PER_SECOND * this.#ms
      ? SLOW_LEVEL
      : FAST_LEVEL;
  }
}
