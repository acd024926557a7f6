/**
 * An archive's entries, as its bytes come: POSIX ustar and pax, GNU tar's long names and sparse files, as Go's archive/tar reads them
 * (docker's reader). What is cut or broken is an error, never a shorter list.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
 */
import { FURTHER_SPARSE_ENTRIES, SparseMap, checkExtents, oldSparseEntries } from "./sparse.ts";
import type { Extent } from "./sparse.ts";
import { broken, numberAt, readRecords, timeOf } from "./tar-fields.ts";
import type { Fields } from "./tar-fields.ts";

/** An entry with its names as the archive has them, as byte strings. */
export interface RawEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "link" | "symlink" | "fifo" | "device" | "other";
  /** The type flag of the header: one character. */
  readonly flag: string;
  /** Target of a link of either kind, else empty. */
  readonly target: string;
  /** The lower twelve bits. */
  readonly mode: number;
  /** Bytes of the file; for a sparse file with its holes. */
  readonly size: number;
  /** Position in the archive, in bytes, of what follows the header: the content, or the map of a sparse file. */
  readonly offset: number;
  /** Unix time in milliseconds. */
  readonly mtimeMs: number;
  /** Positions of the data in a sparse file, in order. The entry's content is these parts, one after the other. */
  readonly extents?: readonly Extent[];
}

/** Takes the content of one entry. */
export interface Taker {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** Called with each entry in turn. Returns what takes its content, or undefined to skip the content. */
export type RawVisit = (entry: RawEntry) => Taker | undefined;

const BLOCK = 512;
/** Largest header of further fields, in bytes, as in Go's reader. */
const MAX_FIELDS_BYTES = 1024 * 1024;

/** The kind of block that the reader needs next, besides content and padding. */
type Need = "header" | "sparse-map" | "sparse-header";

export class TarReader {
  readonly #visit: RawVisit;
  #need: Need = "header";
  /** The block that is being read. */
  #block = Buffer.alloc(0);
  /** Bytes of content that are left, and bytes that fill the last block. */
  #left = 0;
  #padding = 0;
  #taker: Taker | undefined;
  /** Fields of the next entry, from the headers before it. */
  #fields: Fields = {};
  #zeros = 0;
  /** Bytes of the chunks before this one, and of all up to the current block. */
  #before = 0;
  #position = 0;
  /** A sparse entry whose map is being read, and the content that is left after the map. */
  #sparse: { readonly entry: RawEntry; readonly map: SparseMap; rest: number } | undefined;

  constructor(visit: RawVisit) {
    this.#visit = visit;
  }

  /** @throws BuildFailed for a broken archive */
  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#zeros === 2) return;
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
        this.#position = this.#before + at;
        if (this.#block.length === BLOCK) this.#useBlock();
      }
    }
    this.#before += chunk.length;
  }

  /** @throws BuildFailed if the archive ends in the middle of an entry */
  end(): void {
    if (this.#left > 0 || this.#padding > 0 || this.#block.length > 0 || this.#need !== "header")
      throw broken("it ends in the middle of an entry");
  }

  #useBlock(): void {
    const block = this.#block;
    this.#block = Buffer.alloc(0);
    if (this.#need === "header") this.#header(block);
    else this.#sparseBlock(block);
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeros++;
      return;
    }
    if (this.#zeros > 0) throw broken("there is an entry after its end");
    if (!hasRightSum(block)) throw broken("a header's checksum is wrong");
    this.#enter(block, String.fromCharCode(block[156] ?? 0));
  }

  #enter(block: Buffer, flag: string): void {
    const size = numberAt(block, 124, 12);
    switch (flag) {
      case "x":
        return this.#gather(size, (bytes) => readRecords(bytes, this.#fields));
      case "L":
        return this.#gather(size, (bytes) => (this.#fields.path = bytesBeforeNul(bytes)));
      case "K":
        return this.#gather(size, (bytes) => (this.#fields.linkpath = bytesBeforeNul(bytes)));
      case "g":
        // For all entries that follow. Go's reader does not apply it, and neither do container runtimes.
        return this.#begin(size, undefined);
      default:
    }
    const fields = this.#fields;
    this.#fields = {};
    const path = fields.sparse?.name ?? fields.path ?? nameIn(block);
    const type = typeOf(flag, path);
    const target =
      type === "link" || type === "symlink" ? (fields.linkpath ?? bytesBeforeNul(block.subarray(157, 257))) : "";
    const stored = fields.size ?? size;
    const mode = numberAt(block, 100, 8) & 0o7777;
    const entry = { path, type, flag, target, mode, offset: this.#position };
    const mtimeMs = fields.mtimeMs ?? timeOf(block);
    if (flag === "S") return this.#beginOldSparse(block, { ...entry, mtimeMs, size: numberAt(block, 483, 12) }, stored);
    if (type === "file" && fields.sparse !== undefined) {
      const whole = { ...entry, mtimeMs, size: fields.sparse.size ?? stored };
      if (fields.sparse.major === 1) return this.#beginSparseMap(whole, stored);
      return this.#beginSparse(whole, fields.sparse.extents, stored);
    }
    // The others have no content, even if they give a size.
    const content = /[1-6]/.test(flag) ? 0 : stored;
    this.#begin(content, this.#visit({ ...entry, mtimeMs, size: type === "file" ? content : 0 }));
  }

  /** GNU tar's own form: the map is in the header and in blocks after it. */
  #beginOldSparse(block: Buffer, entry: RawEntry, stored: number): void {
    const map = new SparseMap();
    map.add(oldSparseEntries(block, 386, 4));
    this.#sparse = { entry, map, rest: stored };
    if (block[482] === 0) this.#endMap();
    else this.#need = "sparse-header";
  }

  /** pax form 1.0: the map is at the beginning of the content, in decimal lines. */
  #beginSparseMap(entry: RawEntry, stored: number): void {
    this.#sparse = { entry, map: new SparseMap(), rest: stored };
    this.#need = "sparse-map";
  }

  #sparseBlock(block: Buffer): void {
    const sparse = this.#sparse;
    if (sparse === undefined) throw broken("it has a map of no sparse file");
    if (this.#need === "sparse-header") {
      sparse.map.add(oldSparseEntries(block, 0, FURTHER_SPARSE_ENTRIES));
      if (block[504] === 0) this.#endMap();
      return;
    }
    sparse.rest -= BLOCK;
    if (sparse.rest < 0) throw broken("the map of a sparse file is longer than its content");
    if (sparse.map.addText(block)) this.#endMap();
  }

  #endMap(): void {
    const sparse = this.#sparse;
    this.#sparse = undefined;
    this.#need = "header";
    if (sparse !== undefined) this.#beginSparse(sparse.entry, sparse.map.extents, sparse.rest);
  }

  #beginSparse(entry: RawEntry, extents: readonly Extent[], stored: number): void {
    checkExtents(extents, entry.size, stored);
    this.#begin(stored, this.#visit({ ...entry, extents }));
  }

  #gather(size: number, use: (bytes: Buffer) => unknown): void {
    if (size > MAX_FIELDS_BYTES) throw broken("a name in it is too long");
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

/** Some old programs added the bytes as signed numbers. */
function hasRightSum(block: Buffer): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < BLOCK; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 256;
  }
  const written = numberAt(block, 148, 8);
  return written === unsigned || written === signed;
}

function typeOf(flag: string, path: string): RawEntry["type"] {
  switch (flag) {
    case "\0":
      // Directories had no flag of their own before POSIX.
      return path.endsWith("/") ? "directory" : "file";
    case "0":
    case "7":
    case "S":
      return "file";
    case "1":
      return "link";
    case "2":
      return "symlink";
    case "3":
    case "4":
      return "device";
    case "5":
      return "directory";
    case "6":
      return "fifo";
    default:
      return "other";
  }
}

/** Only POSIX has the beginning of a long name there. GNU tar has other things. */
function nameIn(block: Buffer): string {
  const name = bytesBeforeNul(block.subarray(0, 100));
  const isPosix = block.subarray(257, 263).toString("latin1") === "ustar\0";
  const prefix = isPosix ? bytesBeforeNul(block.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function bytesBeforeNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
}

/** An entry with its names as text, for archives that are only read. */
export interface TarEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "symlink" | "other";
  /** Target of a link of either kind, else empty. */
  readonly target: string;
  /** Executable for the owner, the group or others. */
  readonly executable: boolean;
  /** Bytes of content, and the position in the archive where they begin. */
  readonly size: number;
  readonly offset: number;
}

/** Called with each entry in turn. Returns what takes its content, or undefined to skip the content. */
export type Visit = (entry: TarEntry) => Taker | undefined;

/** A reader that gives names as text, and no content of sparse files. */
export class TarEntries extends TarReader {
  constructor(visit: Visit) {
    super((entry) => {
      const { type, path, target, mode, size, offset } = entry;
      const isReadable = type === "directory" || type === "link" || type === "symlink" || type === "file";
      return visit({
        name: asText(path),
        type: isReadable && entry.extents === undefined ? type : "other",
        target: asText(target),
        executable: (mode & 0o111) !== 0,
        size,
        offset,
      });
    });
  }
}

function asText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}
