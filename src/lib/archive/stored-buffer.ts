/**
 * gzip without compression (RFC 1951, 3.2.4): blocks of at most 65 535 bytes between a header and a checksum. Files are read directly
 * into their final position, which saves one copy of all bytes.
 */
import { crc32 } from "node:zlib";
import { BUFFER_LENGTH, type ArchiveBuffer } from "./archive-buffer.ts";

/** Deflate, no name, no time, no operating system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const GZIP_TRAILER = 8;
const BLOCK_HEADER = 5;
const BLOCK_LIMIT = 65_535;

export class StoredBuffer implements ArchiveBuffer {
  readonly #length: number;
  #buffer!: Buffer;
  /** Start of the open block's bytes, and the position of the next byte. */
  #block = 0;
  #end = 0;
  #checksum = 0;
  #total = 0;

  /** @param length Largest length of a member, in bytes. */
  constructor(length = BUFFER_LENGTH) {
    this.#length = length;
    this.#begin();
  }

  reserve(length: number): boolean {
    if (this.#room >= length) return true;
    if (this.#left - BLOCK_HEADER < length) return false;
    this.#closeBlock(false);
    this.#openBlock();
    return true;
  }

  get space(): Buffer {
    return this.#buffer.subarray(this.#end, this.#end + this.#room);
  }

  advance(length: number): void {
    this.#end += length;
  }

  take(): Buffer | undefined {
    if (this.#total === 0 && this.#end === this.#block) return undefined;
    this.#closeBlock(true);
    this.#buffer.writeUInt32LE(this.#checksum, this.#end);
    this.#buffer.writeUInt32LE(this.#total, this.#end + 4);
    const member = this.#buffer.subarray(0, this.#end + GZIP_TRAILER);
    this.#begin();
    return member;
  }

  /** Does nothing: the reader may keep the member. */
  release(): void {}

  /** Number of bytes left in the buffer. */
  get #left(): number {
    return this.#length - GZIP_TRAILER - this.#end;
  }

  get #room(): number {
    return Math.min(this.#left, BLOCK_LIMIT - (this.#end - this.#block));
  }

  #begin(): void {
    this.#buffer = Buffer.allocUnsafeSlow(this.#length);
    this.#end = GZIP_HEADER.copy(this.#buffer);
    this.#checksum = 0;
    this.#total = 0;
    this.#openBlock();
  }

  #openBlock(): void {
    this.#end += BLOCK_HEADER;
    this.#block = this.#end;
  }

  #closeBlock(last: boolean): void {
    const length = this.#end - this.#block;
    const header = this.#block - BLOCK_HEADER;
    this.#buffer[header] = last ? 1 : 0;
    this.#buffer.writeUInt16LE(length, header + 1);
    this.#buffer.writeUInt16LE(length ^ 0xffff, header + 3);
    // Block by block, while the bytes are still in the CPU cache.
    this.#checksum = crc32(this.#buffer.subarray(this.#block, this.#end), this.#checksum);
    this.#total += length;
  }
}

/** A member that holds the data uncompressed. */
export function storeMember(data: Buffer): Buffer {
  const blocks = Math.max(1, Math.ceil(data.length / BLOCK_LIMIT));
  const stored = new StoredBuffer(GZIP_HEADER.length + blocks * BLOCK_HEADER + data.length + GZIP_TRAILER);
  for (let at = 0; at < data.length;) {
    stored.reserve(1);
    const count = data.copy(stored.space, 0, at);
    stored.advance(count);
    at += count;
  }
  return stored.take() ?? Buffer.alloc(0);
}
