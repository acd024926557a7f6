/** Starts the program, both from the npm package and from the single executable. */
import { dirname } from "node:path";
import { hideCommandLine } from "./debug-output.ts";
import { boundYoungGeneration } from "./young-generation.ts";
import type { execute } from "../main.ts";

/** Matches names of commands, but not long misspelt args, as the match becomes part of a file name. */
const COMMAND_NAME = /^[a-z][a-z-]{0,30}$/;

/** Where the program comes from. */
export interface Origin {
  /** Directory with package.json and oclif.manifest.json. */
  readonly root: string;
  /** The content of oclif.manifest.json, where it is not a file of `root`. */
  readonly manifest?: () => object;
  /**
   * Loads the program, and returns its exports.
   * @param purpose one word for what is run
   */
  readonly load: (purpose: string) => unknown;
}

/**
 * @param calledAs the path or the name by which the program was called
 * @param typed the args
 */
export async function startProgram(calledAs: string, typed: readonly string[], origin: Origin): Promise<void> {
  const args = await argsFor(calledAs, typed);
  if (args === undefined) return;
  hideCommandLine(process.env);
  boundYoungGeneration();
  const purpose = args.find((arg) => COMMAND_NAME.test(arg)) ?? "none";
  const { execute: run } = origin.load(purpose) as { execute: typeof execute };
  // Not awaited: if the reader of the help is gone (`| head -1`), the promise never settles, and Node would warn.
  void run(args, origin.root, origin.manifest?.());
}

/** The same for a single executable, in which Node repeats the executable's name where the script's path usually is. */
export async function startInside(origin: Omit<Origin, "root">): Promise<void> {
  const [, calledAs = "", ...typed] = process.argv;
  process.argv[1] = process.execPath;
  await startProgram(calledAs, typed, { ...origin, root: dirname(process.execPath) });
}

/** The args for the program. Undefined if a call as a plugin of docker or kubectl is already answered. */
async function argsFor(path: string, typed: readonly string[]): Promise<readonly string[] | undefined> {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (!/^(?:docker|kubectl|kubectl_complete)-/.test(name)) return typed;
  const { calledAs } = await import("../plugin/called-as.ts");
  return calledAs(name, typed);
}
