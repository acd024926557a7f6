/** Users whom the system's list does not have, as in many containers: OpenShift's random user ids, `docker run -u 12345`. */
import { homedir, userInfo } from "node:os";

/** A home directory that does not exist. Debian uses the same path for the user `nobody`. */
const NO_HOME = "/nonexistent";
const SHELL = "/bin/sh";

/**
 * Sets HOME and SHELL where neither the environment nor the system's list of users has them, because Node, oclif and other libraries
 * fail without. An empty HOME counts as missing: paths below it would be relative, and thus in the source.
 */
export function completeEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  if (env["HOME"] === "") delete env["HOME"];
  if (env["HOME"] === undefined && isMissing(homedir)) env["HOME"] = NO_HOME;
  if ((env["SHELL"] ?? "") === "" && isMissing(userInfo)) env["SHELL"] = SHELL;
}

function isMissing(ask: () => unknown): boolean {
  try {
    return ask() === "";
  } catch {
    return true;
  }
}
