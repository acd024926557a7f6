/** The main script of the single executable: Node with the program, its manifest and its compiled code inside (node:sea). */
import { createRequire, isBuiltin } from "node:module";
import { dirname } from "node:path";
import { getAsset, getAssetKeys, getRawAsset } from "node:sea";
import { runProgram, splitCached } from "./code-cache.ts";
import { startProgram } from "./start-program.ts";

/** Names of the assets. scripts/release/executable.ts puts them in. */
const PROGRAM = "slipway.cjs";
const MANIFEST = "oclif.manifest.json";
const COMPILED = "slipway.code";

const builtin = createRequire(process.execPath);
const loaded = new Map<string, unknown>();

/** Loads only modules inside the executable: a file next to it may belong to another user. */
function requireInside(id: string): unknown {
  if (isBuiltin(id)) return builtin(id);
  const name = id.replace(/^\.\//, "");
  if (!getAssetKeys().includes(name)) {
    throw Object.assign(new Error(`${id} is not in the executable`), { code: "MODULE_NOT_FOUND" });
  }
  if (!loaded.has(name)) loaded.set(name, runProgram(programOf(name), undefined, name));
  return loaded.get(name);
}

function programOf(name: string): Parameters<typeof runProgram>[0] {
  // The file is ASCII, so latin1 is correct, and faster than UTF-8.
  return { path: name, source: bytesOf(name).toString("latin1"), require: requireInside };
}

/** Without a copy. */
function bytesOf(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}

// In a single executable, Node repeats the executable's name where the script's path usually is.
const [, calledAs = "", ...typed] = process.argv;
process.argv[1] = process.execPath;
void startProgram(calledAs, typed, {
  root: dirname(process.execPath),
  manifest: () => getAsset(MANIFEST, "utf8"),
  run: (cache, purpose) => {
    const compiled = getAssetKeys().includes(COMPILED) ? splitCached(bytesOf(COMPILED)) : undefined;
    return runProgram({ ...programOf(PROGRAM), compiled }, cache, purpose);
  },
});
