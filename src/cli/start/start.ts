/** Started by bin/run.js: runs the program under the name by which it was called. Small, as the rest is loaded through the code cache. */
import { dirname, join } from "node:path";
import { startProgram } from "./start-program.ts";
import { codeCachePlaces, runCached } from "./code-cache.ts";

/** The program itself, in the folder of this file. */
const PROGRAM = join(__dirname, "slipway.cjs");

/** @param argv of the process: Node, the path by which the program was called, and the args */
export async function startAs([, path = "", ...typed]: readonly string[]): Promise<void> {
  await startProgram(path, typed, {
    root: dirname(__dirname),
    load: (purpose) => runCached(PROGRAM, codeCachePlaces(process.env), purpose),
  });
}
