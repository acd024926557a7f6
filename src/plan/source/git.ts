/** Starts git, so that it runs no program that a repository names, and works on no other repository than the one it is given. */
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { startProgram } from "../../lib/files/find-program.ts";
import { hasWorkingDirectory } from "../../lib/files/working-directory.ts";
import { gitEnvironment } from "./git-environment.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/**
 * Settings that come before those of any configuration file, also in submodules. The user's own configuration may name a
 * directory for hooks that is relative, and thus in the repository (`core.hooksPath = .githooks`).
 */
const NO_HOOKS = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];

/** In a repository whose configuration is read: fetch nothing by any transport, as the configuration can name its program. */
export const NO_TRANSPORT = { GIT_ALLOW_PROTOCOL: "none", GIT_NO_LAZY_FETCH: "1", GIT_OPTIONAL_LOCKS: "0" };

/** The umask for git, instead of the user's: files get mode 0644 and directories 0755, as with BuildKit's git. */
const UMASK = 0o022;

export interface GitOptions {
  /** Variables over those of the process; undefined removes one. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** @throws ProgramNotFound where git is not on the PATH */
export function startGit(
  args: readonly string[],
  { env, signal }: GitOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  // A child inherits it when it is started, which is done when this returns.
  const own = process.umask(UMASK);
  try {
    return startProgram("git", [...NO_HOOKS, ...args], {
      env: { ...gitEnvironment(process.env), ...env },
      // git does not start in a directory that is gone.
      ...(hasWorkingDirectory() ? {} : { cwd: "/" }),
      ...omitUndefined({ signal }),
      stdio: ["ignore", "pipe", "pipe"],
    });
  } finally {
    process.umask(own);
  }
}
