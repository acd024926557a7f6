/**
 * Keeps compiled code from one run to the next. Node's own compile cache keeps the code that was compiled when a file was loaded. But
 * functions are compiled at their first call, and they are most of what a run compiles. When the run is over, V8 returns both
 * (`script.createCachedData()`), and accepts both in a later run. V8 checks only the length of the source, so the cache must be this
 * user's own.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  type BigIntStats,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { getHeapCodeStatistics } from "node:v8";
import { Script } from "node:vm";
import { trustedCacheDirectory, trustedStateDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";
import { restoreFlags } from "./young-generation.ts";

/** The files for compiled code. */
export interface CodeCache {
  readonly code: string;
  /**
   * Directory of receipts. A receipt is what the file system says of the file that this program wrote. It cannot be said again of
   * another file: a clone, an archive, a restored cache or an editor cannot set the time of an inode's change (ctime).
   */
  readonly receipts: string;
}

/** @returns undefined if the cache is turned off, or if others could write to it: see `trustedCacheDirectory` */
export function codeCachePlaces(env: Readonly<Record<string, string | undefined>>): CodeCache | undefined {
  // The variable that turns off Node's own compile cache.
  if (env["NODE_DISABLE_COMPILE_CACHE"] === "1") return undefined;
  const cache = trustedCacheDirectory(env);
  const state = cache === undefined ? undefined : trustedStateDirectory();
  return cache === undefined || state === undefined
    ? undefined
    : { code: join(cache, "code"), receipts: join(state, "code") };
}

/** Length of the program's hash, which is in its first line. */
const HASH_DIGITS = 16;
/** Age at which the cached code of another version of the program is removed. */
const OUTDATED_AFTER_MS = 7 * 24 * 3600 * 1000;
/**
 * Most entries and bytes, of all versions together. There is an entry for each command, and for each word that somebody typed instead of
 * one.
 */
const MAX_ENTRIES = 48;
const MAX_BYTES = 64 * 1024 * 1024;
/** A run replaces the cached code if it has compiled more than this factor of it. */
const REPLACE_AT_GROWTH = 1.1;

export interface CachedCode {
  readonly code: Buffer;
  /** Bytes of bytecode in the run that wrote it. */
  readonly size: number;
}

/** A CommonJS module that is run as the program. */
export interface Program {
  /** Its file, or the name of one that is inside an executable. */
  readonly path: string;
  /** ASCII. It starts with `//` and its hash. */
  readonly source: string;
  readonly require: (id: string) => unknown;
}

/**
 * Runs a CommonJS file that starts with `//` and its hash, as `require` does.
 *
 * @returns the exports of the file
 */
export function runCached(path: string, cache: CodeCache | undefined, purpose: string): unknown {
  // The file is ASCII, so latin1 is correct, and faster than UTF-8.
  return runProgram({ path, source: readFileSync(path, "latin1"), require: createRequire(path) }, cache, purpose);
}

/**
 * @param cache for compiled code; undefined: nothing is cached
 * @param purpose one word for what is run, as each command compiles other parts of the file
 * @returns the exports of the program
 */
export function runProgram(program: Program, cache: CodeCache | undefined, purpose: string): unknown {
  const { source } = program;
  const name = `${source.slice(2, 2 + HASH_DIGITS)}-${process.version}-${process.arch}-${purpose}`;
  const cached = cache === undefined ? undefined : readCached(cache, name);
  const script = compileProgram(program, cached?.code);
  if (cache !== undefined) {
    // Only the size: a reference to the code would hold megabytes until the end.
    const before = script.cachedDataRejected === true ? undefined : cached?.size;
    process.once("exit", () => writeCached(script, cache, name, before));
  }
  return runCompiled(script, program);
}

/**
 * Compiles the program as `require` compiles a module.
 *
 * @param cached V8 refuses it if the source has another length: `cachedDataRejected` of the result
 */
export function compileProgram({ path, source }: Omit<Program, "require">, cached?: Buffer): Script {
  return new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: path,
    ...(cached === undefined ? {} : { cachedData: cached }),
  });
}

/** @returns the exports of the program */
export function runCompiled(script: Script, { path, require }: Omit<Program, "source">): unknown {
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(module.exports, require, module, path, dirname(path));
  return module.exports;
}

/** Reads only the file that this program wrote, by its receipt, as the code is run without a check. */
export function readCached(cache: CodeCache, name: string): CachedCode | undefined {
  const receipt = readOwn(join(cache.receipts, name))?.bytes.toString();
  const found = receipt === undefined ? undefined : readOwn(join(cache.code, name));
  if (found === undefined || receipt !== receiptOf(found.stat)) return undefined;
  return splitCached(found.bytes);
}

/** The code of a script whose run is over, and 8 bytes with its size. */
function joinCached(script: Script, size: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeDoubleLE(size);
  restoreFlags();
  return Buffer.concat([script.createCachedData(), trailer]);
}

/** In bytes, of all that this process has compiled. */
function bytecodeSize(): number {
  return getHeapCodeStatistics().bytecode_and_metadata_size;
}

/** Takes apart what `joinCached` returned. */
function splitCached(bytes: Buffer): CachedCode | undefined {
  if (bytes.length < 8) return undefined;
  return { code: bytes.subarray(0, -8), size: bytes.readDoubleLE(bytes.length - 8) };
}

/** Reads a regular file that belongs to this user and that no other user may write. */
function readOwn(path: string): { readonly bytes: Buffer; readonly stat: BigIntStats } | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(file, { bigint: true });
    const isOwn = process.getuid === undefined || Number(stat.uid) === process.getuid();
    if (!stat.isFile() || !isOwn || (process.getuid !== undefined && (Number(stat.mode) & 0o022) !== 0))
      return undefined;
    return { bytes: readFileSync(file), stat };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Not the device's number, which may be another after a restart. */
function receiptOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}\n`;
}

function writeCached(script: Script, cache: CodeCache, name: string, before: number | undefined): void {
  const size = bytecodeSize();
  if (before !== undefined && size < before * REPLACE_AT_GROWTH) return;
  try {
    makeTrustedDirectory(cache.code);
    makeTrustedDirectory(cache.receipts);
    const stat = replaceFile(join(cache.code, name), joinCached(script, size), { mode: 0o600 });
    replaceFile(join(cache.receipts, name), receiptOf(stat), { mode: 0o600 });
    removeUnused(cache, name);
  } catch {
    // A full or read-only disk only costs time at the next start.
  }
}

/** Removes the code that was not used for the longest time, and its receipts. A process that is reading it has it open. */
function removeUnused({ code, receipts }: CodeCache, name: string): void {
  const received = readdirSync(receipts);
  const version = name.slice(0, HASH_DIGITS);
  const found = readdirSync(code).flatMap((entry) => {
    const stat = lstatSync(join(code, entry), { throwIfNoEntry: false });
    return stat === undefined ? [] : [{ entry, size: stat.size, usedMs: Math.max(stat.atimeMs, stat.mtimeMs) }];
  });
  const kept = new Set<string>([name]);
  let bytes = found.find(({ entry }) => entry === name)?.size ?? 0;
  for (const { entry, size, usedMs } of found.toSorted((a, b) => b.usedMs - a.usedMs)) {
    if (entry === name) continue;
    const isOutdated = !entry.startsWith(version) && Date.now() - usedMs > OUTDATED_AFTER_MS;
    // Another process is writing in a directory whose name begins with a dot.
    const isEntry = !entry.startsWith(".");
    if (isEntry) bytes += size;
    if (!isOutdated && (!isEntry || (kept.size < MAX_ENTRIES && bytes <= MAX_BYTES))) kept.add(entry);
  }
  const all = [...found.map(({ entry }) => join(code, entry)), ...received.map((entry) => join(receipts, entry))];
  for (const path of all) if (!kept.has(basename(path))) rmSync(path, { recursive: true, force: true });
}
