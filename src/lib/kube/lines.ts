/** A stream of bytes as lines. */

const LINE_FEED = 0x0a;

/** Longer lines are cut: somebody's progress bar without a line feed must not fill the memory. 16 MiB. */
const LONGEST = 16 << 20;

/**
 * Cuts a stream of bytes at its line feeds, wherever the chunks end. Works on bytes, so that a character that is split
 * over two chunks stays whole; `rest` is what came after the last line feed, and no line unless the caller says so.
 */
export class LineSplitter {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** The complete lines that end in this chunk, without their line feeds. */
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

  /** What has come after the last line feed; it is forgotten here. */
  rest(): string {
    const text = this.#parts.length === 1 ? decode(this.#parts[0]!) : decode(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#length = 0;
    return text;
  }

  #keep(part: Uint8Array): void {
    const room = LONGEST - this.#length;
    if (room <= 0) return;
    const kept = part.length > room ? part.subarray(0, room) : part;
    this.#parts.push(kept);
    this.#length += kept.length;
  }
}

/** Lenient: a byte that is no UTF-8 becomes U+FFFD, as a log may hold anything. */
function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
