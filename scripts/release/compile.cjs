/**
 * Runs the program once and writes the code that V8 compiled for it. It is started by the Node that will be in the executable:
 *
 *   node --hash-seed=1 --random-seed=1 compile.cjs slipway.cjs OUTPUT ROOT ARG…    the code, with its size in the last 8 bytes
 *   node compile.cjs --flags slipway.cjs             prints the hash of V8's flags, in hex
 *   node compile.cjs --check slipway.cjs CODE        prints whether V8 accepts the code: "accepted" or "refused"
 */
"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const paths = require("node:path");
const { getHeapCodeStatistics } = require("node:v8");
const { Script } = require("node:vm");

/** Exactly as src/cli/start/code-cache.ts compiles it: V8 compares the length of the source. */
function compile(path, cachedData) {
  const source = readFileSync(path, "latin1");
  return new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: "slipway.cjs",
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

if (process.argv[2] === "--flags") {
  process.stdout.write(compile(process.argv[3]).createCachedData().subarray(12, 16).toString("hex"));
} else if (process.argv[2] === "--check") {
  const { cachedDataRejected } = compile(process.argv[3], readFileSync(process.argv[4]).subarray(0, -8));
  process.stdout.write(cachedDataRejected ? "refused" : "accepted");
} else {
  const [, , path, output, root, ...args] = process.argv;
  const script = compile(path);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, paths.dirname(path));
  process.once("exit", () => {
    const trailer = Buffer.alloc(8);
    trailer.writeDoubleLE(getHeapCodeStatistics().bytecode_and_metadata_size);
    writeFileSync(output, Buffer.concat([script.createCachedData(), trailer]));
  });
  void module.exports.execute(args, root);
}
