/**
 * Writes headers of a tar archive: POSIX ustar, with pax records if ustar's fields are too small.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import { isAscii } from "../files/path-bytes.ts";

export const BLOCK = 512;

/** The empty blocks that end an archive. */
export const END_BYTES = 2 * BLOCK;

export interface TarHeader {
  /** Byte string; ends with a slash for a directory. */
  readonly path: string;
  readonly type: "file" | "hardlink" | "symlink" | "directory";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes of content that follow. */
  readonly size: number;
  /** Unix time in whole seconds. */
  readonly mtime: number;
  /** Byte string: the target of a link. */
  readonly target: string;
}

const TYPE_FLAGS = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;
const PAX_FLAG = "x";

/** Largest value of the octal digits of ustar's size and mtime fields: 8 GiB, and seconds until the year 2242. */
const LARGEST_NUMBER = 0o77777777777;

/** uid, gid and device numbers are zero, user and group names empty, for every entry: the context has no owners. */
const TEMPLATE = (() => {
  const block = Buffer.alloc(BLOCK);
  for (const offset of [108, 116, 329, 337]) block.write("0000000", offset, "latin1");
  block.write("        ", 148, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  return block;
})();
const TEMPLATE_SUM = TEMPLATE.reduce((sum, byte) => sum + byte, 0);

/** Bytes from `size` to the next full block. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** All blocks before the content: one, or three and more if pax records are needed. */
export function encodeHeader(header: TarHeader): Buffer {
  const split = splitPath(header.path);
  const records = paxRecords(header, split !== undefined);
  const [prefix, name] = split ?? ["", header.path.slice(0, 100)];
  const main = Buffer.allocUnsafe(BLOCK);
  writeBlock(main, { ...header, name, prefix, flag: TYPE_FLAGS[header.type] });
  if (records.length === 0) return main;
  const size = records.length;
  const pax = Buffer.alloc(BLOCK + size + padding(size));
  writeBlock(pax, { name: "pax", prefix: "", flag: PAX_FLAG, mode: 0o644, size, mtime: header.mtime, target: "" });
  records.copy(pax, BLOCK);
  return Buffer.concat([pax, main]);
}

interface BlockFields {
  readonly name: string;
  readonly prefix: string;
  readonly flag: string;
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly target: string;
}

function writeBlock(block: Buffer, fields: BlockFields): void {
  TEMPLATE.copy(block);
  let sum = TEMPLATE_SUM;
  sum += writeText(block, fields.name, 0);
  sum += writeOctal(block, fields.mode & 0o7777, 100, 7);
  sum += fields.size <= LARGEST_NUMBER ? writeOctal(block, fields.size, 124, 11) : writeBinary(block, fields.size, 124);
  sum += writeOctal(block, fitsOctal(fields.mtime) ? fields.mtime : 0, 136, 11);
  sum += writeText(block, fields.flag, 156);
  sum += writeText(block, fields.target.slice(0, 100), 157);
  sum += writeText(block, fields.prefix, 345);
  // The sum counts its own field as eight spaces, as in the template.
  writeOctal(block, sum, 148, 6);
  block[154] = 0;
}

function fitsOctal(value: number): boolean {
  return value >= 0 && value <= LARGEST_NUMBER;
}

function writeText(block: Buffer, bytes: string, offset: number): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes.charCodeAt(index);
    block[offset + index] = byte;
    sum += byte;
  }
  return sum;
}

function writeOctal(block: Buffer, value: number, offset: number, digits: number): number {
  let sum = 0;
  let rest = value;
  for (let index = digits - 1; index >= 0; index--) {
    const byte = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
    block[offset + index] = byte;
    sum += byte;
  }
  return sum;
}

/** GNU's form of a number with more than 11 octal digits, for busybox, which reads paths from pax records, but not sizes. */
function writeBinary(block: Buffer, value: number, offset: number): number {
  block[offset] = 0x80;
  block.writeBigUInt64BE(BigInt(value), offset + 4);
  return block.subarray(offset, offset + 12).reduce((sum, byte) => sum + byte, 0);
}

/** Splits a path at a slash into ustar's 155 and 100 bytes; undefined if that is not possible. */
function splitPath(path: string): [prefix: string, name: string] | undefined {
  if (path.length <= 100) return ["", path];
  if (path.length > 256) return undefined;
  // The name must not be empty, so a directory's trailing slash is not used.
  const slash = path.indexOf("/", path.length - 101);
  return slash < 0 || slash > 155 || slash === path.length - 1
    ? undefined
    : [path.slice(0, slash), path.slice(slash + 1)];
}

function paxRecords(header: TarHeader, pathFits: boolean): Buffer {
  let records = "";
  if (!pathFits || !isAscii(header.path)) records += paxRecord("path", header.path);
  if (header.target.length > 100 || !isAscii(header.target)) records += paxRecord("linkpath", header.target);
  if (header.size > LARGEST_NUMBER) records += paxRecord("size", String(header.size));
  if (!fitsOctal(header.mtime)) records += paxRecord("mtime", String(header.mtime));
  return Buffer.from(records, "latin1");
}

/** `LENGTH KEY=VALUE` and a line feed. The length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + String(rest.length).length;
  if (rest.length + String(length).length > length) length++;
  return `${length}${rest}`;
}

/** The header of a file whose mode and time nobody needs: 0644, and 1970. Its content follows, and `padding(size)`. */
export function encodePlainHeader(path: string, size: number): Buffer {
  return encodeHeader({ path, type: "file", mode: 0o644, size, mtime: 0, target: "" });
}
