/** Started by bin/run.js: runs the program under the name by which it was called. Small, as the rest is loaded through the code cache. */
import { dirname, join } from "node:path";
import { codeCachePlaces, runCached } from "./code-cache.ts";
import type { execute } from "../main.ts";

/** Matches names of commands, but not long misspelt args, as the match becomes part of a file name. */
const COMMAND_NAME = /^[a-z][a-z-]{0,30}$/;

/** The program itself, in the folder of this file. */
const PROGRAM = join(__dirname, "slipway.cjs");

/** @param argv of the process: Node, the path by which the program was called, and the args */
export async function startAs([, path = "", ...typed]: readonly string[]): Promise<void> {
  const args = await argsFor(path, typed);
  if (args === undefined) return;
  const purpose = args.find((arg) => COMMAND_NAME.test(arg)) ?? "none";
  const { execute: run } = runCached(PROGRAM, codeCachePlaces(process.env), purpose) as {
    execute: typeof execute;
  };
  // Not awaited: if the reader of the help is gone (`| head -1`), the promise never settles, and Node would warn.
  void run(args, dirname(__dirname));
}

/** The args for the program. Undefined if a call as a plugin of docker or kubectl is already answered. */
async function argsFor(path: string, typed: readonly string[]): Promise<readonly string[] | undefined> {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (!/^(?:docker|kubectl)-/.test(name)) return typed;
  const { calledAs } = await import("../plugin/called-as.ts");
  return calledAs(name, typed);
}
