/** Starts git, so that it runs no program that a repository names. */
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { startProgram } from "../../lib/files/find-program.ts";

/**
 * Settings that come before those of any configuration file, also in submodules. The user's own configuration may name a
 * directory for hooks that is relative, and thus in the repository (`core.hooksPath = .githooks`).
 */
const NO_HOOKS = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];

/** In a repository whose configuration is read: fetch nothing by any transport, as the configuration can name its program. */
export const NO_TRANSPORT = { GIT_ALLOW_PROTOCOL: "none", GIT_NO_LAZY_FETCH: "1", GIT_OPTIONAL_LOCKS: "0" };

/** @throws ProgramNotFound where git is not on the PATH */
export function startGit(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): ChildProcessByStdio<null, Readable, Readable> {
  return startProgram("git", [...NO_HOOKS, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
}
