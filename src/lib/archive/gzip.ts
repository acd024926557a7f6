/**
 * gzip in independent members: a file of several members is a valid gzip file (RFC 1952, 2.2) which busybox, GNU and Go
 * read as one, and members can be compressed at the same time on libuv's threads.
 */
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { constants, deflateRawSync, gzip } from "node:zlib";
import { storeMember } from "./stored-buffer.ts";

const gzipAsync = promisify(gzip);

/** How many members to have under way: one for each thread that can run, one waiting. */
export const MEMBERS_AT_ONCE = Math.min(availableParallelism(), Number(process.env["UV_THREADPOOL_SIZE"]) || 4) + 1;

/**
 * One member of the given bytes, which must stay as they are until it is there.
 * @param level 1 to 9; without compression, StoredBuffer gives out members in the first place.
 */
export async function compressMember(data: Buffer, level: number): Promise<Buffer> {
  if (isIncompressible(data)) return storeMember(data);
  // All output at once: zlib makes a trip to the thread and back for each chunk.
  const member = await gzipAsync(data, {
    level,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, deflateBound(data.length)),
  });
  // A reader that collects members should not hold on to the room they did not need.
  return member.length * 2 < member.buffer.byteLength ? Buffer.from(member) : member;
}

/** zlib's own bound for its default window and memory level, and gzip's header and trailer. */
function deflateBound(length: number): number {
  return length + (length >> 12) + (length >> 14) + (length >> 25) + 13 + 18;
}

/** Where to look in a member, and how much at each place. */
const SAMPLES = 8;
const SAMPLE_LENGTH = 2048;
/** What compression must save to be worth its time. */
const WORTHWHILE = 0.95;
/** Bits of entropy per byte, from 0 to 8, below which no trial is needed: text has about 5, machine code about 6. */
const CLEARLY_COMPRESSIBLE = 7.2;

/** Whether a sample of the data shrinks by less than 5 %: photographs, archives, what is compressed or encrypted already. */
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
