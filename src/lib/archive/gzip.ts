/**
 * gzip in independent members. A file of several members is a valid gzip file (RFC 1952, 2.2), which busybox, GNU and Go read as
 * one, and members can be compressed at the same time on libuv's threads.
 */
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { constants, deflateRawSync, gzip } from "node:zlib";
import { storeMember } from "./stored-buffer.ts";

const gzipAsync = promisify(gzip);

/** Number of members to compress at once: one for each thread that can run, and one waiting. */
export function membersAtOnce(): number {
  return Math.min(availableParallelism(), Number(process.env["UV_THREADPOOL_SIZE"]) || 4) + 1;
}

/**
 * Compresses the given bytes to one member. They must not change until it is done.
 * @param level 1 to 9. Without compression, StoredBuffer makes members directly.
 */
export async function compressMember(data: Buffer, level: number): Promise<Buffer> {
  if (isIncompressible(data)) return storeMember(data);
  // All output in one chunk, because zlib switches to the thread and back for each chunk.
  const member = await gzipAsync(data, {
    level,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, deflateBound(data.length)),
  });
  // Copied, so that a reader that collects members does not keep the unused space.
  return member.length * 2 < member.buffer.byteLength ? Buffer.from(member) : member;
}

/** zlib's bound for its default window and memory level, plus gzip's header and trailer. */
function deflateBound(length: number): number {
  return length + (length >> 12) + (length >> 14) + (length >> 25) + 13 + 18;
}

/** Samples of a member: their number, and the length of each. */
const SAMPLES = 8;
const SAMPLE_LENGTH = 2048;
/** The share of bytes that compression must save to be worth its time. */
const WORTHWHILE = 0.95;
/** Bits of entropy per byte (0 to 8) below which no trial is needed: text has about 5, machine code about 6. */
const CLEARLY_COMPRESSIBLE = 7.2;

/** Whether a sample of the data shrinks by less than 5 %: photographs, archives, compressed or encrypted data. */
export function isIncompressible(data: Buffer): boolean {
  if (data.length < SAMPLES * SAMPLE_LENGTH * 2) return false;
  const sample = Buffer.allocUnsafe(SAMPLES * SAMPLE_LENGTH);
  const stride = Math.floor((data.length - SAMPLE_LENGTH) / (SAMPLES - 1));
  for (let index = 0; index < SAMPLES; index++) {
    data.copy(sample, index * SAMPLE_LENGTH, index * stride, index * stride + SAMPLE_LENGTH);
  }
  return (
    entropy(sample) >= CLEARLY_COMPRESSIBLE && deflateRawSync(sample, { level: 1 }).length > sample.length * WORTHWHILE
  );
}

function entropy(sample: Buffer): number {
  const counts = new Uint32Array(256);
  for (let index = 0; index < sample.length; index++) counts[sample[index] ?? 0]!++;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / sample.length);
  return bits / sample.length;
}
