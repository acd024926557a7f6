/** Where slipway keeps what it can make again: one rule for all of it. */
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { isInWorkTree, isTrusted } from "./trusted-directory.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `$XDG_CACHE_HOME/slipway` where it is absolute (the XDG base directory specification ignores a relative path); else where the system
 * keeps caches below the home directory. On Windows `%LOCALAPPDATA%\slipway`.
 *
 * @returns undefined where there is no home directory
 */
export function cacheDirectory(env: Environment, platform: string = process.platform): string | undefined {
  if (platform === "win32") return below(env["LOCALAPPDATA"], "slipway");
  const home = env["HOME"] || loginHome();
  return (
    below(env["XDG_CACHE_HOME"], "slipway") ??
    (platform === "darwin" ? below(home, "Library", "Caches", "slipway") : below(home, ".cache", "slipway"))
  );
}

/**
 * The cache directory, where only this user can write to it: undefined where it is another user's, or others may write to it or to a
 * directory above it, or where it lies in a work tree, as its files may then have come with the repository.
 */
export function trustedCacheDirectory(env: Environment): string | undefined {
  const directory = cacheDirectory(env);
  return directory !== undefined && isTrusted(directory) && !isInWorkTree(directory) ? directory : undefined;
}

/**
 * Where slipway keeps what it has to believe: below the home directory that the system's list of users names, whatever the environment
 * says. A job's HOME is often its checkout.
 *
 * @returns undefined for a user who is in no list, and where others can write to it
 */
export function trustedStateDirectory(platform: string = process.platform): string | undefined {
  const folders: Readonly<Record<string, readonly string[]>> = {
    darwin: ["Library", "Application Support"],
    win32: ["AppData", "Local"],
  };
  const directory = below(loginHome(), ...(folders[platform] ?? [".local", "state"]), "slipway");
  return directory !== undefined && isTrusted(directory) ? directory : undefined;
}

/** The home directory of the system's list of users, not of the environment. */
function loginHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // Containers often run as a user whom the list does not have.
    return undefined;
  }
}

function below(base: string | undefined, ...names: readonly string[]): string | undefined {
  return base !== undefined && isAbsolute(base) ? join(base, ...names) : undefined;
}
