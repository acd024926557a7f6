/**
 * Reads the entries of an archive in chunks (POSIX pax; GNU tar's long names), without unpacking it. A pax record has the length that
 * it states, so a name may contain line feeds. A truncated or broken archive is an error, never a shorter list.
 */
import { BuildFailed } from "../../errors.ts";
import { trimChars } from "../text/linear.ts";

export interface TarEntry {
  /** As in the archive. */
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "symlink" | "other";
  /** Target of a symlink or hard link; otherwise empty. */
  readonly target: string;
  /** Whether any execute bit is set. */
  readonly executable: boolean;
  /** Bytes of content, and the position in the archive where they begin. */
  readonly size: number;
  readonly offset: number;
}

/** Receives the content of one entry. */
export interface Taker {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** Called for each entry in turn. Returns a receiver if the content is wanted. */
export type Visit = (entry: TarEntry) => Taker | undefined;

const BLOCK = 512;
/** Largest pax or GNU header, in bytes. Go's reader has the same limit. */
const LARGEST_FIELDS = 1024 * 1024;

interface Fields {
  path?: string;
  linkpath?: string;
  size?: number;
}

export class TarEntries {
  readonly #visit: Visit;
  /** The current part: a header, or a number of bytes and the padding of their last block. */
  #block = Buffer.alloc(0);
  #left = 0;
  #padding = 0;
  #taker: Taker | undefined;
  /** Fields of the next entry, from the extra headers before it. */
  #fields: Fields = {};
  #zeros = 0;
  /** Bytes of earlier chunks, and of this one up to the current part. */
  #before = 0;
  #at = 0;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** @throws BuildFailed for a broken archive */
  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#zeros === 2) break;
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        this.#taker?.write(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#close();
      } else if (this.#padding > 0) {
        const step = Math.min(this.#padding, chunk.length - at);
        at += step;
        this.#padding -= step;
      } else {
        const part = chunk.subarray(at, at + BLOCK - this.#block.length);
        this.#block = Buffer.concat([this.#block, part]);
        at += part.length;
        this.#at = this.#before + at;
        if (this.#block.length === BLOCK) this.#header();
      }
    }
    this.#before += chunk.length;
  }

  /** @throws BuildFailed for a truncated archive */
  end(): void {
    if (this.#left > 0 || this.#padding > 0 || this.#block.length > 0)
      throw broken("it ends in the middle of an entry");
  }

  #header(): void {
    const block = this.#block;
    this.#block = Buffer.alloc(0);
    if (block.every((byte) => byte === 0)) {
      this.#zeros++;
      return;
    }
    if (this.#zeros > 0) throw broken("there is an entry after its end");
    const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (sum !== numberAt(block, 148, 8)) throw broken("a header's checksum is wrong");
    this.#enter(block, String.fromCharCode(block[156] ?? 0));
  }

  #enter(block: Buffer, flag: string): void {
    const size = numberAt(block, 124, 12);
    switch (flag) {
      case "x":
        return this.#gather(size, (bytes) => readRecords(bytes, this.#fields));
      case "L":
        return this.#gather(size, (bytes) => (this.#fields.path = textOf(bytes)));
      case "K":
        return this.#gather(size, (bytes) => (this.#fields.linkpath = textOf(bytes)));
      case "g":
        // Global headers are ignored. No builder needs them: Go's reader reports them, and runtimes skip them.
        return this.#begin(size, undefined);
      default:
    }
    const { path = nameIn(block), linkpath = textOf(block.subarray(157, 257)), size: long = size } = this.#fields;
    this.#fields = {};
    const type = typeOf(flag, path);
    const target = type === "link" || type === "symlink" ? linkpath : "";
    const executable = (numberAt(block, 100, 8) & 0o111) !== 0;
    // Other types have no content, even if their header gives a size.
    const content = /[1-6]/.test(flag) ? 0 : long;
    const taker = this.#visit({ name: path, type, target, executable, size: content, offset: this.#at });
    this.#begin(content, taker);
  }

  #gather(size: number, use: (bytes: Buffer) => unknown): void {
    if (size > LARGEST_FIELDS) throw broken("a name in it is too long");
    const parts: Buffer[] = [];
    this.#begin(size, {
      write: (chunk) => void parts.push(Buffer.from(chunk)),
      end: () => void use(Buffer.concat(parts)),
    });
  }

  #begin(size: number, taker: Taker | undefined): void {
    [this.#left, this.#padding, this.#taker] = [size, (BLOCK - (size % BLOCK)) % BLOCK, taker];
    if (size === 0) this.#close();
  }

  #close(): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.end();
  }
}

function typeOf(flag: string, name: string): TarEntry["type"] {
  switch (flag) {
    case "\0":
    case "0":
    case "7":
      // Archives before POSIX mark a directory only by the trailing slash.
      return name.endsWith("/") ? "directory" : "file";
    case "1":
      return "link";
    case "2":
      return "symlink";
    case "5":
      return "directory";
    default:
      return "other";
  }
}

/** Only POSIX headers have a name prefix. GNU tar uses these bytes for other fields. */
function nameIn(block: Buffer): string {
  const name = textOf(block.subarray(0, 100));
  const prefix = block.subarray(257, 263).toString("latin1") === "ustar\0" ? textOf(block.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal digits; for larger numbers, a first bit and a big-endian binary number. */
function numberAt(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const first = field[0] ?? 0;
  let value = 0;
  if (first >= 0x80) {
    // 0xff would start a negative number.
    for (const byte of [first & 0x7f, ...field.subarray(1)]) value = value * 256 + byte;
  } else {
    const digits = trimChars(field.toString("latin1"), "\0 ");
    value = digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  }
  if (Number.isSafeInteger(value)) return value;
  throw broken("a header has a number that is none");
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return (end === -1 ? bytes : bytes.subarray(0, end)).toString();
}

/** Reads records of `LENGTH KEY=VALUE` and a line feed. The length counts the whole record. */
function readRecords(bytes: Buffer, fields: Fields): void {
  for (let at = 0; at < bytes.length;) {
    const [, digits = ""] = /^(\d{1,10}) /.exec(bytes.subarray(at, at + 12).toString("latin1")) ?? [];
    const end = at + Number(digits);
    const record = bytes.subarray(at + digits.length + 1, Math.max(end - 1, at));
    const equals = record.indexOf("=");
    if (digits === "" || end > bytes.length || bytes[end - 1] !== 10 || equals === -1) throw broken("a name is broken");
    const [key, value] = [record.subarray(0, equals).toString(), record.subarray(equals + 1)];
    if (key === "path" && value.length > 0) fields.path = textOf(value);
    if (key === "linkpath" && value.length > 0) fields.linkpath = textOf(value);
    if (key === "size") {
      fields.size = Number(value.toString());
      if (!/^\d+$/.test(value.toString()) || !Number.isSafeInteger(fields.size)) throw broken("a size is broken");
    }
    at = end;
  }
}

function broken(fault: string): BuildFailed {
  return new BuildFailed(`it is no archive, or a broken one: ${fault}`);
}
