/** Splits a stream of bytes into lines. */
import { LIMITS } from "../limits/limits.ts";

const LINE_FEED = 0x0a;

/** Longer lines are cut, so that a progress bar without line feeds cannot fill the memory. */
const MAX_LINE_BYTES = LIMITS.LOG_LINE_BYTES.value;

/**
 * Splits a stream of bytes at its line feeds. Works on bytes, so a character that is split over two chunks stays whole.
 * `rest` is the text after the last line feed: the caller decides whether it is a line.
 */
export class LineSplitter {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** The lines that end in this chunk, without their line feeds. */
  *push(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      if (this.#length === 0) {
        yield decode(chunk.subarray(start, end));
      } else {
        this.#keep(chunk.subarray(start, end));
        yield this.rest();
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Returns and drops the text after the last line feed. */
  rest(): string {
    const text = this.#parts.length === 1 ? decode(this.#parts[0]!) : decode(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#length = 0;
    return text;
  }

  #keep(part: Uint8Array): void {
    const room = MAX_LINE_BYTES - this.#length;
    if (room <= 0) return;
    const kept = part.length > room ? part.subarray(0, room) : part;
    this.#parts.push(kept);
    this.#length += kept.length;
  }
}

/** A byte that is not UTF-8 becomes U+FFFD, as a log may hold any bytes. */
function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
