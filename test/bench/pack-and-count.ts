/** Packs a directory like a build, and prints the archive's bytes and the milliseconds. Usage: pack-and-count.ts DIRECTORY LEVEL */
import { packContext } from "../../src/pack/pack.ts";

const [root = ".", level = "1"] = process.argv.slice(2);
const started = performance.now();
let bytes = 0;
const packed = packContext({
  root,
  ignoreFile: undefined,
  prefix: "context/",
  extra: [],
  level: Number(level),
  onNote: ({ path, reason }) => process.stderr.write(`${path}: ${reason}\n`),
  signal: new AbortController().signal,
});
for await (const chunk of packed) bytes += chunk.length;
process.stdout.write(`${bytes} ${performance.now() - started}\n`);
