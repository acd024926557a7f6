/** What bin/run.js starts: the program under the name it was called by. Small, so that the rest can be loaded in its own way. */
import { dirname, join } from "node:path";
import { codeCachePlace, runKept } from "./code-cache.ts";
import type { execute } from "../main.ts";

/** Words of commands, and of nothing a user may have misspelt into something long. */
const WORD = /^[a-z][a-z-]{0,30}$/;

/** The program itself, beside this file. */
const PROGRAM = join(__dirname, "slipway.cjs");

/** @param argv of the process: Node, the name it was called by, and the words */
export async function startAs([, path = "", ...words]: readonly string[]): Promise<void> {
  const args = await wordsOf(path, words);
  if (args === undefined) return;
  const purpose = args.find((word) => WORD.test(word)) ?? "none";
  const { execute: run } = runKept(PROGRAM, codeCachePlace(process.env, process.platform), purpose) as {
    execute: typeof execute;
  };
  // Not awaited: a reader of the help that is gone (`| head -1`) would keep it waiting for ever, which Node complains of.
  void run(args, dirname(__dirname));
}

/** The words to run with, by the name of the link: as a plugin of docker's or kubectl's there may be nothing left to run. */
async function wordsOf(path: string, words: readonly string[]): Promise<readonly string[] | undefined> {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (!/^(?:docker|kubectl)-/.test(name)) return words;
  const { calledAs } = await import("../plugin/called-as.ts");
  return calledAs(name, words);
}
