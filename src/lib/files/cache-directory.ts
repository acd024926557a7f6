/** The directories for slipway's own files, by system: for what it can make again, what it has to trust, and what the user configures. */
import { homedir, userInfo } from "node:os";
import { isAbsolute, join, win32 } from "node:path";
import { isInWorkTree, isTrusted } from "./trusted-directory.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `$XDG_CACHE_HOME/slipway` if it is absolute (the XDG base directory specification ignores a relative path); otherwise the system's
 * cache directory below the home directory. On Windows `%LOCALAPPDATA%\slipway`.
 *
 * @returns undefined if there is no home directory
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
 * The directory of the user's configuration and keys: `$XDG_CONFIG_HOME/slipway`, otherwise `~/.config/slipway`. On Windows
 * `%APPDATA%\slipway`.
 *
 * @param home the user's home directory
 */
export function configDirectory(
  env: Environment,
  home: string = homedir(),
  platform: string = process.platform,
): string {
  if (platform === "win32") return win32.join(env["APPDATA"] || win32.join(home, "AppData", "Roaming"), "slipway");
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "slipway");
}

/**
 * The cache directory if only this user can write to it. Undefined if another user owns it, if others may write to it or to a directory
 * above it, or if it is in a work tree, because its files may then have come with the repository.
 */
export function trustedCacheDirectory(env: Environment): string | undefined {
  const directory = cacheDirectory(env);
  return directory !== undefined && isTrusted(directory) && !isInWorkTree(directory) ? directory : undefined;
}

/**
 * The directory for files that slipway has to trust. It is below the home directory in the system's user database, not the one in the
 * environment, because HOME of a CI job is often its checkout.
 *
 * @returns undefined for a user who is not in the database, and if others can write to the directory
 */
export function trustedStateDirectory(platform: string = process.platform): string | undefined {
  const folders: Readonly<Record<string, readonly string[]>> = {
    darwin: ["Library", "Application Support"],
    win32: ["AppData", "Local"],
  };
  const directory = below(loginHome(), ...(folders[platform] ?? [".local", "state"]), "slipway");
  return directory !== undefined && isTrusted(directory) ? directory : undefined;
}

/** The home directory in the system's user database, not in the environment. */
function loginHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // Containers often run as a user who is not in the database.
    return undefined;
  }
}

function below(base: string | undefined, ...names: readonly string[]): string | undefined {
  return base !== undefined && isAbsolute(base) ? join(base, ...names) : undefined;
}
