/**
 * Reads files that somebody else may have made: a repository, a directory, an archive. A FIFO or a device by the name of a file would hang
 * the program, or fill its memory.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { limitOf } from "../limits/limits.ts";
import { formatBytes } from "../text/measures.ts";
import { pathBelow } from "./path-below.ts";
import { workingDirectory } from "./working-directory.ts";

/** Opens a FIFO at once, with or without a writer. Windows has no such flag. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Something that is there, and is not read. The message is the end of a sentence that begins with the path. */
export class NotReadable extends Error {
  /** As errors of node's have it: `EFTYPE` for another kind of file, `EFBIG` for a larger one. */
  readonly code: "EFTYPE" | "EFBIG";

  constructor(code: "EFTYPE" | "EFBIG", message: string) {
    super(message);
    this.name = "NotReadable";
    this.code = code;
  }
}

function notRegular(): NotReadable {
  return new NotReadable("EFTYPE", "is not a regular file");
}

function tooLarge(limitBytes: number): NotReadable {
  return new NotReadable("EFBIG", `is larger than ${formatBytes(limitBytes)}`);
}

function directory(): NodeJS.ErrnoException {
  return Object.assign(new Error("it is a directory"), { code: "EISDIR" });
}

/**
 * The content of a regular file, symlinks followed. Waits for nothing.
 * @throws NotReadable for another kind of file and for a larger one; node's errors
 */
export function readRegularFileSync(path: string, limitBytes = limitOf("PROJECT_FILE_BYTES")): Buffer {
  const descriptor = openSync(path, WITHOUT_WAITING);
  try {
    const found = fstatSync(descriptor);
    if (found.isDirectory()) throw directory();
    if (!found.isFile()) throw notRegular();
    const chunks: Buffer[] = [];
    // A file of /proc has the size 0.
    for (let bytes = 0; ;) {
      const chunk = Buffer.alloc(Math.max(found.size - bytes, CHUNK_BYTES));
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) return Buffer.concat(chunks);
      bytes += count;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

const CHUNK_BYTES = 64 * 1024;

/** Opens a regular file, symlinks followed. @returns undefined for everything else, and for what cannot be opened */
export async function openIfRegular(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, WITHOUT_WAITING).catch(() => undefined);
  if (file === undefined || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** As `readRegularFileSync`. */
export async function readRegularFile(path: string, limitBytes?: number): Promise<Buffer> {
  return readRegularFileSync(path, limitBytes);
}

/** Where the shell's pipes are, also if this is the working directory of a container. */
const SYSTEM = ["/dev/", "/proc/"];

/**
 * The content of a file that the user names: also a pipe or a device, as `-f /dev/stdin` and `-f <(command)` are. What lies below the
 * working directory may be a stranger's, so there only a regular file is read.
 * @throws as `readRegularFileSync`
 */
export async function readNamedFile(path: string, limitBytes = limitOf("PROJECT_FILE_BYTES")): Promise<Buffer> {
  const whole = resolve(path);
  const isOwn = SYSTEM.some((directory) => whole.startsWith(directory));
  if (!isOwn && pathBelow(workingDirectory(), whole) !== undefined) return readRegularFile(path, limitBytes);
  await using file = await open(path);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
