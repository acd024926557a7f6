/**
 * Runs the program once and writes the code that V8 compiled for it. It is started by the Node that will be in the executable:
 *
 *   node --hash-seed=1 --random-seed=1 compile.cjs slipway.cjs OUTPUT ROOT ARG…    writes the code as the program keeps it
 *   node compile.cjs --flags slipway.cjs             prints the hash of V8's flags, in hex
 *   node compile.cjs --check slipway.cjs CODE        prints whether V8 accepts the code: "accepted" or "refused"
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Script } from "node:vm";
import { bytecodeSize, compileProgram, joinCached, runCompiled, splitCached } from "../../src/cli/start/code-cache.ts";
import type { execute } from "../../src/cli/main.ts";

/** Name of the program inside the executable. */
const NAME = "slipway.cjs";

/**
 * The size of the bytecode differs by some bytes from run to run, although the code is the same. It only decides when a run
 * replaces the code in the cache, so it is rounded up: the same input then gives the same bytes.
 */
const SIZE_STEP_BYTES = 256 * 1024;

const [, , mode = "", ...rest] = process.argv;
if (mode === "--flags") {
  process.stdout.write(compile(rest[0]).createCachedData().subarray(12, 16).toString("hex"));
} else if (mode === "--check") {
  const code = splitCached(readFileSync(rest[1] ?? ""))?.code;
  process.stdout.write(compile(rest[0], code).cachedDataRejected === false ? "accepted" : "refused");
} else {
  const [output = "", root = "", ...args] = rest;
  const script = compile(mode);
  const program = runCompiled(script, { path: NAME, require: createRequire(mode) });
  process.once("exit", () => writeFileSync(output, joinCached(script, roundedSize())));
  void (program as { readonly execute: typeof execute }).execute(args, root);
}

function roundedSize(): number {
  return Math.ceil(bytecodeSize() / SIZE_STEP_BYTES) * SIZE_STEP_BYTES;
}

function compile(path = "", cached?: Buffer): Script {
  return compileProgram({ path: NAME, source: readFileSync(path, "latin1") }, cached);
}
