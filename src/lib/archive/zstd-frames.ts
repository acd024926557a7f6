/**
 * Finds the end of each frame of a zstd stream (RFC 8878, section 3.1). Layers that can be pulled in parts have many (`zstd:chunked`).
 * Node's decompressor drops the bytes after a frame's end in the same chunk, without an error, so no chunk may extend past the end.
 */

const MAGIC = 0xfd2fb528;
/** Magic number of a skippable frame. Its last four bits may have any value. */
const SKIPPABLE = 0x184d2a50;

type Part = "magic" | "skippable-size" | "descriptor" | "header" | "block-header" | "body" | "checksum" | "unknown";

/** Passes the same bytes on, but ends a chunk at the end of each frame. Other data than zstd is not changed. */
export async function* cutAtFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const walk = new Walk();
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length;) {
      const to = walk.advance(chunk, from);
      yield chunk.subarray(from, to);
      from = to;
    }
  }
}

class Walk {
  #part: Part = "magic";
  /** Length of the part, in bytes. */
  #left = 4;
  /** The bytes of the part so far, as a little-endian number. */
  #value = 0;
  #place = 1;
  #checksum = false;
  #last = false;

  /** Reads to the end of the frame or of the chunk. */
  advance(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#part === "unknown") return chunk.length;
      if (this.#part === "header" || this.#part === "body" || this.#part === "checksum") {
        const step = Math.min(this.#left, chunk.length - at);
        at += step;
        this.#left -= step;
      } else {
        this.#value += (chunk[at++] ?? 0) * this.#place;
        this.#place *= 256;
        this.#left--;
      }
      while (this.#left === 0) if (this.#close()) return at;
    }
    return at;
  }

  /** Starts the next part. Returns whether the frame ends here. */
  #close(): boolean {
    const value = this.#value;
    switch (this.#part) {
      case "magic":
        if (value === MAGIC) return this.#begin("descriptor", 1);
        if (value - (value % 16) === SKIPPABLE) return this.#begin("skippable-size", 4);
        return this.#begin("unknown", 1);
      case "skippable-size":
        [this.#last, this.#checksum] = [true, false];
        return this.#begin("body", value);
      case "descriptor":
        this.#checksum = (value & 4) !== 0;
        return this.#begin("header", headerSize(value));
      case "block-header": {
        this.#last = (value & 1) !== 0;
        // A block that repeats one byte only contains that byte.
        return this.#begin("body", ((value >> 1) & 3) === 1 ? 1 : value >> 3);
      }
      case "body":
        if (this.#last && this.#checksum) return this.#begin("checksum", 4);
        if (!this.#last) return this.#begin("block-header", 3);
        break;
      case "header":
        return this.#begin("block-header", 3);
      default:
    }
    this.#begin("magic", 4);
    return true;
  }

  #begin(part: Part, size: number): false {
    [this.#part, this.#left, this.#value, this.#place] = [part, size, 0, 1];
    return false;
  }
}

/** Length of the fields after the descriptor: window, dictionary, size of the content. */
function headerSize(descriptor: number): number {
  const single = (descriptor & 32) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (single ? 0 : 1) + dictionary + content;
}
