/** Recognises an archive by its first bytes. Docker uses this to tell a context from a Dockerfile. */

export type ArchiveKind = "tar" | "gzip" | "bzip2" | "xz" | "zstd";

/** Number of bytes that are needed: the header of a tar archive. */
export const HEAD_LENGTH = 512;

const MAGIC: readonly (readonly [ArchiveKind, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** Undefined if the data is not an archive, such as a Dockerfile. */
export function archiveKind(head: Uint8Array): ArchiveKind | undefined {
  const found = MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte));
  return found?.[0] ?? (isTarHeader(head) ? "tar" : undefined);
}

/** A tar header has the sum of its bytes, in which its own eight bytes count as spaces (POSIX ustar). */
function isTarHeader(head: Uint8Array): boolean {
  if (head.length < HEAD_LENGTH) return false;
  const text = Buffer.from(head.subarray(148, 156)).toString("latin1");
  const written = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (written === undefined) return false;
  let sum = 8 * 0x20;
  for (let index = 0; index < HEAD_LENGTH; index++) if (index < 148 || index >= 156) sum += head[index] ?? 0;
  return sum === Number.parseInt(written, 8);
}
