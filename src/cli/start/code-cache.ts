/**
 * Keeps compiled code from one run to the next. Node's own compile cache keeps the code that was compiled when a file was loaded. But
 * functions are compiled at their first call, and they are most of what a run compiles. When the run is over, V8 returns both
 * (`script.createCachedData()`), and accepts both in a later run.
 */
import { dirname, isAbsolute, join } from "node:path";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { getHeapCodeStatistics } from "node:v8";
import { Script } from "node:vm";

/**
 * @param env of the process
 * @param platform as Node names it
 * @returns directory for compiled code; undefined if the cache is turned off, or without a home directory
 */
export function codeCacheDirectory(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): string | undefined {
  // The variable that turns off Node's own compile cache.
  if (env["NODE_DISABLE_COMPILE_CACHE"] === "1") return undefined;
  const home = cacheHome(env, platform);
  return home === undefined || !isAbsolute(home) ? undefined : join(home, "slipway", "code");
}

function cacheHome(env: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  if (platform === "win32") return env["LOCALAPPDATA"];
  const home = env["HOME"] ?? "";
  if (platform === "darwin") return home === "" ? undefined : join(home, "Library", "Caches");
  const own = env["XDG_CACHE_HOME"] ?? "";
  if (own !== "") return own;
  return home === "" ? undefined : join(home, ".cache");
}

/** Length of the program's hash, which is in its first line. */
const HASH_DIGITS = 16;
/** Age at which the cached code of another version of the program is removed. */
const OUTDATED_AFTER_MS = 7 * 24 * 3600 * 1000;
/** A run replaces the cached code if it has compiled more than this factor of it. */
const REPLACE_AT_GROWTH = 1.1;

export interface CachedCode {
  readonly code: Buffer;
  /** Bytes of bytecode in the run that wrote it. */
  readonly size: number;
}

/**
 * Runs a CommonJS file that starts with `//` and its hash, as `require` does.
 *
 * @param path of the file
 * @param directory for compiled code; undefined: nothing is cached
 * @param purpose one word for what is run, as each command compiles other parts of the file
 * @returns the exports of the file
 */
export function runCached(path: string, directory: string | undefined, purpose: string): unknown {
  // The file is ASCII, so latin1 is correct, and faster than UTF-8.
  const source = readFileSync(path, "latin1");
  const name = `${source.slice(2, 2 + HASH_DIGITS)}-${process.version}-${process.arch}-${purpose}`;
  const cachePath = directory === undefined ? undefined : join(directory, name);
  const cached = cachePath === undefined ? undefined : readCached(cachePath);
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: path,
    ...(cached === undefined ? {} : { cachedData: cached.code }),
  });
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  if (cachePath !== undefined) {
    // Only the size: a reference to the code would hold megabytes until the end.
    const before = script.cachedDataRejected === true ? undefined : cached?.size;
    process.once("exit", () => writeCached(script, cachePath, before));
  }
  run(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
}

/** Reads only a file that belongs to this user and that no other user can change, as the code is run without a check. */
export function readCached(path: string): CachedCode | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { uid, mode } = fstatSync(file);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    const bytes = readFileSync(file);
    if (bytes.length < 8) return undefined;
    return { code: bytes.subarray(0, -8), size: bytes.readDoubleLE(bytes.length - 8) };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function writeCached(script: Script, path: string, before: number | undefined): void {
  const size = getHeapCodeStatistics().bytecode_and_metadata_size;
  if (before !== undefined && size < before * REPLACE_AT_GROWTH) return;
  const trailer = Buffer.alloc(8);
  trailer.writeDoubleLE(size);
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, Buffer.concat([script.createCachedData(), trailer]), { mode: 0o600 });
    renameSync(unfinished, path);
    removeOutdated(path);
  } catch {
    // A full or read-only disk only costs time at the next start.
    tryRemove(unfinished);
  }
}

function tryRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The cache is optional, so the error is ignored.
  }
}

function removeOutdated(currentPath: string): void {
  const directory = dirname(currentPath);
  const current = currentPath.slice(directory.length + 1, directory.length + 1 + HASH_DIGITS);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(current)) continue;
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > OUTDATED_AFTER_MS) rmSync(path, { force: true });
  }
}
