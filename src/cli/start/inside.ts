/** What is inside a single executable beside its main script (node:sea). */
import { runProgram } from "./code-cache.ts";
import type { Program } from "./code-cache.ts";

/** Names of the assets. scripts/release/executable.ts puts them in. */
export const PROGRAM = "slipway.cjs";
const MANIFEST = "oclif.manifest.json";

const loaded = new Map<string, unknown>();

/** Loaded on use: a snapshot is made in a Node that is not a single executable yet. */
const sea = (): typeof import("node:sea") => process.getBuiltinModule("node:sea");

/** Loads only modules inside the executable: a file next to it may belong to another user. */
export function requireInside(id: string): unknown {
  const builtin = process.getBuiltinModule(id);
  if (builtin !== undefined) return builtin;
  const name = id.replace(/^\.\//, "");
  if (!sea().getAssetKeys().includes(name)) {
    throw Object.assign(new Error(`${id} is not in the executable`), { code: "MODULE_NOT_FOUND" });
  }
  if (!loaded.has(name)) loaded.set(name, runProgram(programInside(name), undefined, name));
  return loaded.get(name);
}

export function programInside(name: string): Program {
  // The file is ASCII, so latin1 is correct, and faster than UTF-8. Without a copy.
  return { path: name, source: Buffer.from(sea().getRawAsset(name)).toString("latin1"), require: requireInside };
}

export function manifestInside(): object {
  return JSON.parse(sea().getAsset(MANIFEST, "utf8")) as object;
}
