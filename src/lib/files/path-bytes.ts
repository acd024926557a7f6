/**
 * Paths as the file system stores them: bytes, not text. A byte string is a JavaScript string in which every character is one byte
 * (Node's latin1). Comparing and sorting byte strings compares and sorts bytes, and a name that is not UTF-8 is kept unchanged.
 */
import { isUtf8 } from "node:buffer";

const BEYOND_ASCII = /[\x80-\uffff]/;

/** The byte string of a text, in UTF-8. */
export function toBytes(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/** Whether every byte is ASCII. Then the byte string equals its text. */
export function isAscii(bytes: string): boolean {
  return !BEYOND_ASCII.test(bytes);
}

/** A byte string for people: decoded as UTF-8, with invalid bytes as `\xff`. */
export function toText(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  const raw = Buffer.from(bytes, "latin1");
  if (isUtf8(raw)) return raw.toString("utf8");
  return decode(raw, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`);
}

/** The code points of a byte string as Go's `range` yields them: each byte that is not part of valid UTF-8 is one U+FFFD. */
export function toCodePoints(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  const raw = Buffer.from(bytes, "latin1");
  return isUtf8(raw) ? raw.toString("utf8") : decode(raw, () => "\u{fffd}");
}

function decode(raw: Buffer, invalid: (byte: number) => string): string {
  let text = "";
  for (let at = 0; at < raw.length;) {
    const length = sequenceLength(raw, at);
    text += length === 0 ? invalid(raw[at] ?? 0) : raw.toString("utf8", at, at + length);
    at += length || 1;
  }
  return text;
}

/** Length of the valid UTF-8 sequence that starts at `at`; 0 if there is none. */
function sequenceLength(raw: Buffer, at: number): number {
  const lead = raw[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return at + length <= raw.length && isUtf8(raw.subarray(at, at + length)) ? length : 0;
}

/** Turns paths below one directory into arguments of `node:fs`: text if possible, because that call is faster. */
export class PathResolver {
  readonly #root: string;
  readonly #rawRoot: Buffer;

  /** @param root Absolute path of a directory. */
  constructor(root: string) {
    this.#root = root.endsWith("/") ? root : `${root}/`;
    this.#rawRoot = Buffer.from(this.#root, "utf8");
  }

  /** @param path Byte string relative to the root, separated by `/`, empty for the root itself. */
  resolve(path: string): string | Buffer {
    if (isAscii(path)) return this.#root + path;
    return Buffer.concat([this.#rawRoot, Buffer.from(path, "latin1")]);
  }
}
