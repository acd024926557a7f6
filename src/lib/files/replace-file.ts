/**
 * Writes files safely. A file is written completely in a new private directory with a random name, next to its destination, and then
 * moved there. So no reader sees half of it, and a link that another user has put there is not followed. Devices, pipes and the
 * process's own descriptors (`/dev/null`, `/dev/stdout`) are written to, not replaced. A link stays a link and the file that it leads
 * to is replaced, unless another user may have made the link.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeSync,
  type BigIntStats,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isOwnOrRoots, isShared } from "./trusted-directory.ts";

/** Most links to follow, as Linux does. */
const MAX_LINKS = 40;
/** Paths of a process's descriptors. They may lead to a regular file, but one that is open. */
const DESCRIPTOR = /^(?:\/proc\/(?:self|\d+)(?:\/task\/\d+)?\/fd\/\d+|\/dev\/fd\/\d+)$/;
const OWN_DESCRIPTOR = /^(?:\/proc\/self|\/dev)\/fd\/(\d+)$/;
/** Prefix of the name of the directory in which a file is written until it is complete. */
const PARTIAL = ".slipway-";

/** The error for a destination that another user may have put there. */
export class UnsafePath extends Error {
  readonly code = "ELOOP";
}

/** The file that a path leads to. */
export interface Target {
  readonly path: string;
  /** Whether it is written to directly, such as a device, instead of replaced. */
  readonly direct: boolean;
}

/**
 * Follows the links at the end of a path.
 * @throws UnsafePath for a link, a pipe or a device that another user may have put there
 */
export function targetOf(path: string): Target {
  let at = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile() || stat.isDirectory()) return { path: at, direct: false };
    if (!isOwnOrRoots(stat) && isShared(dirname(at))) {
      throw new UnsafePath(`${at} is ${stat.isSymbolicLink() ? "a link" : "a device or a pipe"} of another user`);
    }
    if (!stat.isSymbolicLink() || DESCRIPTOR.test(at)) return { path: at, direct: true };
    at = resolve(dirname(at), readlinkSync(at));
  }
  throw new UnsafePath(`${path} leads through too many links`);
}

export interface Making {
  /** Permissions. */
  readonly mode: number;
  /** Whether to ignore the umask. */
  readonly exact?: boolean;
}

/** A file that is being written, or a device that is being written to. */
export class Replacement {
  readonly target: Target;
  readonly #directory: string | undefined;
  readonly #partial: string;
  #descriptor: number | undefined;
  #isBorrowed = false;

  /** @throws UnsafePath, or an error of the file system */
  constructor(path: string, { mode, exact = false }: Making) {
    this.target = targetOf(path);
    if (this.target.direct) {
      this.#partial = "";
      const own = ownDescriptor(this.target.path);
      this.#isBorrowed = own !== undefined;
      this.#descriptor = own ?? openSync(this.target.path, constants.O_WRONLY | constants.O_APPEND);
      return;
    }
    this.#directory = makeScratchBeside(this.target.path);
    this.#partial = join(this.#directory, "partial");
    try {
      this.#descriptor = openSync(this.#partial, "wx", mode);
      if (exact) fchmodSync(this.#descriptor, mode);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  write(chunk: Uint8Array): void {
    if (this.#descriptor === undefined) throw new Error(`${this.target.path} is closed`);
    for (let at = 0; at < chunk.length;) at += writeSync(this.#descriptor, chunk, at);
  }

  /** Moves the file to its destination. @returns its status there */
  commit(): BigIntStats {
    if (this.#descriptor === undefined) throw new Error(`${this.target.path} is closed`);
    try {
      if (this.#directory !== undefined) renameSync(this.#partial, this.target.path);
      return fstatSync(this.#descriptor, { bigint: true });
    } finally {
      this.discard();
    }
  }

  /** Removes the file if it has not been moved to its destination. */
  discard(): void {
    if (this.#descriptor !== undefined && !this.#isBorrowed) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * The number of an open descriptor of this process. Writing must use this descriptor: the process continues to write at its position,
 * and would overwrite data written through another one.
 */
function ownDescriptor(path: string): number | undefined {
  const number = OWN_DESCRIPTOR.exec(path)?.[1];
  return number !== undefined && fstatSync(Number(number)).isFile() ? Number(number) : undefined;
}

/** Writes a file completely or not at all. @throws UnsafePath, or an error of the file system */
export function replaceFile(path: string, content: string | Uint8Array, making: Making): BigIntStats {
  const replacement = new Replacement(path, making);
  try {
    replacement.write(typeof content === "string" ? Buffer.from(content) : content);
    return replacement.commit();
  } catch (error) {
    replacement.discard();
    throw error;
  }
}

/** Appends to a file, and creates it if it does not exist. @throws UnsafePath, or an error of the file system */
export function appendToFile(path: string, text: string): void {
  const target = targetOf(path);
  if (target.direct) {
    replaceFile(path, text, { mode: 0o666 });
    return;
  }
  // Windows has no O_NOFOLLOW: there the constant is undefined, and undefined counts as 0 in `|`.
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(target.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o666);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes a file, but no device or pipe. @throws UnsafePath, or an error of the file system */
export function removeFile(path: string): void {
  if (!targetOf(path).direct) rmSync(path, { force: true });
}

/** Makes a directory for this user only, next to a path, on the same file system. */
export function makeScratchBeside(path: string): string {
  return mkdtempSync(join(dirname(path), PARTIAL));
}

/** Makes a directory and its parents. @param mode mode of new directories @throws UnsafePath for another user's link */
export function makeDirectory(path: string, mode: number = 0o777): void {
  targetOf(path);
  mkdirSync(path, { recursive: true, mode });
}
