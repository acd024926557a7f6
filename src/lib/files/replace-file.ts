/**
 * Makes files safely. A file is written whole in a new directory of this user's beside its place, whose name nobody can guess, and
 * is then moved there: nobody finds half of it, and no link that somebody put in its way is followed. Devices, pipes and the
 * process's own descriptors (`/dev/null`, `/dev/stdout`) are written to, not replaced. A link stays a link, and the file that
 * it leads to is replaced, unless another user may have made the link.
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

/** As many links as Linux follows. */
const MAX_LINKS = 40;
/** Descriptors of a process by their path: what they lead to may be a regular file, but is somebody's open one. */
const DESCRIPTOR = /^(?:\/proc\/(?:self|\d+)(?:\/task\/\d+)?\/fd\/\d+|\/dev\/fd\/\d+)$/;
const OWN_DESCRIPTOR = /^(?:\/proc\/self|\/dev)\/fd\/(\d+)$/;
/** Begins the name of the directory in which a file is written until it is whole. */
const PARTIAL = ".slipway-";

/** Another user may have put there what is to be written to. */
export class UnsafePath extends Error {
  readonly code = "ELOOP";
}

/** Where a path leads to. */
export interface Target {
  readonly path: string;
  /** Whether it is written to where it is, as a device is. */
  readonly direct: boolean;
}

/**
 * Follows the links that a path ends in.
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
  /** Whether the permissions are the mode itself, whatever the umask is. */
  readonly exact?: boolean;
}

/** A file that is being written, or a device that is being written to. */
export class Replacement {
  readonly target: Target;
  readonly #directory: string | undefined;
  readonly #partial: string;
  #descriptor: number | undefined;
  #isBorrowed = false;

  /** @throws UnsafePath, or what the file system says */
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

  /** Puts the file in its place. @returns what the file system says of it there */
  commit(): BigIntStats {
    if (this.#descriptor === undefined) throw new Error(`${this.target.path} is closed`);
    try {
      if (this.#directory !== undefined) renameSync(this.#partial, this.target.path);
      return fstatSync(this.#descriptor, { bigint: true });
    } finally {
      this.discard();
    }
  }

  /** Removes what is not in its place. */
  discard(): void {
    if (this.#descriptor !== undefined && !this.#isBorrowed) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * The number of an open file of this process. Its position is where the process goes on writing, so what is written through
 * another descriptor would be overwritten.
 */
function ownDescriptor(path: string): number | undefined {
  const number = OWN_DESCRIPTOR.exec(path)?.[1];
  return number !== undefined && fstatSync(Number(number)).isFile() ? Number(number) : undefined;
}

/** Writes a file whole or not at all. @throws UnsafePath, or what the file system says */
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

/** Adds to the end of a file, which is made where it is not there. @throws UnsafePath, or what the file system says */
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

/** Removes the file a path names, and leaves devices and pipes. @throws UnsafePath, or what the file system says */
export function removeFile(path: string): void {
  if (!targetOf(path).direct) rmSync(path, { force: true });
}

/** A new directory for this user only, beside a path, on the same file system. */
export function makeScratchBeside(path: string): string {
  return mkdtempSync(join(dirname(path), PARTIAL));
}

/** Makes a directory, and those above it. @param mode of those that are made @throws UnsafePath for another user's link */
export function makeDirectory(path: string, mode: number = 0o777): void {
  targetOf(path);
  mkdirSync(path, { recursive: true, mode });
}
