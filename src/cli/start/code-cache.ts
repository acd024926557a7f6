/** Where a user's programs keep what they can make again. */
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
 * @returns directory for compiled code, or undefined where none is to be kept or nobody says where home is
 */
export function codeCachePlace(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): string | undefined {
  // Node's own switch for its own cache of the same.
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

// Compiled code that is kept from one run to the next. Node's own compile cache keeps of a file what was compiled when it was
// loaded; functions are compiled when they are first called, and these are most of what a run compiles. V8 hands out both
// when the run is over (`script.createCachedData()`), and takes both back.

/** Of the program's own hash, which its first line has. */
const HASH_DIGITS = 16;
/** What was kept for another version of the program goes after this long, in ms. */
const OUTDATED = 7 * 24 * 3600 * 1000;
/** A run that has compiled so much more than what is kept is worth keeping in its place. */
const GROWTH = 1.1;

export interface Kept {
  readonly code: Buffer;
  /** Bytes of bytecode that the run had which made it. */
  readonly size: number;
}

/**
 * Runs a CommonJS file that begins with `//` and its hash, as `require` would.
 *
 * @param path of the file
 * @param directory where compiled code is kept; undefined: it is not
 * @param purpose what it is run for, a word: each compiles other parts of it
 * @returns what the file exports
 */
export function runKept(path: string, directory: string | undefined, purpose: string): unknown {
  // Nothing but ASCII in it, so that this is both right and quick.
  const source = readFileSync(path, "latin1");
  const name = `${source.slice(2, 2 + HASH_DIGITS)}-${process.version}-${process.arch}-${purpose}`;
  const place = directory === undefined ? undefined : join(directory, name);
  const kept = place === undefined ? undefined : readKept(place);
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: path,
    ...(kept === undefined ? {} : { cachedData: kept.code }),
  });
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  if (place !== undefined) {
    // Not the code itself, which nobody needs any more and which is megabytes.
    const before = script.cachedDataRejected === true ? undefined : kept?.size;
    process.once("exit", () => keep(script, place, before));
  }
  run(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
}

/** Only what is this user's own and nobody else's to change: it is run without a look at it. */
export function readKept(place: string): Kept | undefined {
  let file: number | undefined;
  try {
    file = openSync(place, "r");
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

function keep(script: Script, place: string, before: number | undefined): void {
  const size = getHeapCodeStatistics().bytecode_and_metadata_size;
  if (before !== undefined && size < before * GROWTH) return;
  const trailer = Buffer.alloc(8);
  trailer.writeDoubleLE(size);
  const unfinished = `${place}.${process.pid}`;
  try {
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, Buffer.concat([script.createCachedData(), trailer]), { mode: 0o600 });
    renameSync(unfinished, place);
    removeOutdated(place);
  } catch {
    // A disk that is full or not to be written costs time at the next start, and nothing else.
    tryRemove(unfinished);
  }
}

function tryRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nor is it worth more than this.
  }
}

function removeOutdated(place: string): void {
  const directory = dirname(place);
  const current = place.slice(directory.length + 1, directory.length + 1 + HASH_DIGITS);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(current)) continue;
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > OUTDATED) rmSync(path, { force: true });
  }
}
