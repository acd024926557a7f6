/** Fields of a tar header, and the records of pax that replace them. */
import { BuildFailed } from "../../errors.ts";
import { trimChars } from "../text/linear.ts";
import type { Extent } from "./sparse.ts";

/** Fields of an entry from the headers before it. Names are byte strings. */
export interface Fields {
  path?: string;
  linkpath?: string;
  /** Bytes that the archive has of the entry. */
  size?: number;
  /** Unix time in milliseconds. */
  mtimeMs?: number;
  sparse?: SparseFields;
}

/** The records of a sparse file, whose names begin with `GNU.sparse.`. */
export interface SparseFields {
  /** 1: the map is in the content. 0: in these records. */
  major: number;
  /** The name of the file. That of the entry is made up, for readers that do not know sparse files. */
  name?: string;
  /** Bytes of the file with its holes. */
  size?: number;
  extents: Extent[];
}

export function broken(fault: string): BuildFailed {
  return new BuildFailed(`the archive is cut or broken: ${fault}`);
}

/** Octal digits; or a first bit and a binary number, if the digits do not suffice. */
export function numberAt(block: Buffer, at: number, length: number): number {
  const value = signedAt(block, at, length);
  if (value >= 0) return value;
  throw broken("a number in a header is below zero");
}

/** The time of an entry, which may be before 1970. In milliseconds. */
export function timeOf(block: Buffer): number {
  return signedAt(block, 136, 12) * 1000;
}

function signedAt(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const first = field[0] ?? 0;
  let value = 0;
  if (first >= 0x80) {
    // Two's complement, of which the first bit only says that it is binary.
    const isNegative = (first & 0x40) !== 0;
    value = isNegative ? (first | 0x80) - 256 : first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
  } else {
    const digits = trimChars(field.toString("latin1"), "\0 ");
    value = digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  }
  if (Number.isSafeInteger(value)) return value;
  throw broken("a number in a header is not a number");
}

/** Reads `LENGTH KEY=VALUE` and a line feed, one after the other. The length counts all of it. */
export function readRecords(bytes: Buffer, fields: Fields): void {
  for (let at = 0; at < bytes.length;) {
    const [, digits = ""] = /^(\d{1,10}) /.exec(bytes.subarray(at, at + 12).toString("latin1")) ?? [];
    const end = at + Number(digits);
    const record = bytes.subarray(at + digits.length + 1, Math.max(end - 1, at));
    const equals = record.indexOf("=");
    if (digits === "" || end > bytes.length || bytes[end - 1] !== 10 || equals === -1)
      throw broken("a record of a header is malformed");
    use(record.toString("latin1", 0, equals), record.toString("latin1", equals + 1), fields);
    at = end;
  }
}

function use(key: string, value: string, fields: Fields): void {
  // An empty value takes a record back.
  if (value === "") return;
  switch (key) {
    case "path":
      fields.path = nameOf(value);
      break;
    case "linkpath":
      fields.linkpath = nameOf(value);
      break;
    case "size":
      fields.size = count(value);
      break;
    case "mtime":
      fields.mtimeMs = timeIn(value);
      break;
    default:
      if (key.startsWith("GNU.sparse.")) useSparse(key.slice("GNU.sparse.".length), value, fields);
  }
}

function useSparse(key: string, value: string, fields: Fields): void {
  const sparse = (fields.sparse ??= { major: 0, extents: [] });
  switch (key) {
    case "major":
      sparse.major = count(value);
      if (sparse.major > 1) throw broken(`it has a sparse file of the unknown form ${value}`);
      break;
    case "name":
      sparse.name = nameOf(value);
      break;
    // In form 0 the first, in form 1 the second.
    case "size":
    case "realsize":
      sparse.size = count(value);
      break;
    // Form 0.0 repeats these two.
    case "offset":
      sparse.extents.push({ offset: count(value), length: 0 });
      break;
    case "numbytes": {
      const last = sparse.extents.pop();
      if (last === undefined) throw broken("the map of a sparse file is malformed");
      sparse.extents.push({ ...last, length: count(value) });
      break;
    }
    // Form 0.1.
    case "map": {
      const numbers = value.split(",").map(count);
      if (numbers.length % 2 !== 0) throw broken("the map of a sparse file is malformed");
      sparse.extents = [];
      for (let at = 0; at < numbers.length; at += 2)
        sparse.extents.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
      break;
    }
    default:
  }
}

function nameOf(value: string): string {
  if (value.includes("\0")) throw broken("a name in it has a NUL");
  return value;
}

export function count(digits: string): number {
  const value = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(value)) throw broken("a size in it is not a number");
  return value;
}

function timeIn(value: string): number {
  const seconds = Number(value);
  if (!/^-?\d+(?:\.\d*)?$/.test(value) || !Number.isFinite(seconds)) throw broken("a time in it is not a number");
  return seconds * 1000;
}
