/** Where a user's programs keep what they can make again. */
import { isAbsolute, join } from "node:path";

/**
 * @param env of the process
 * @param platform as Node names it
 * @returns directory for compiled code, or undefined where none is to be kept or nobody says where home is
 */
export function codeCachePlace(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): string | undefined {
  // Node's own switch for its own cache of the same.
  if (env["NODE_DISABLE_COMPILE_CACHE"] === "1") return undefined;
  const home = cacheHome(env, platform);
  return home === undefined || !isAbsolute(home) ? undefined : join(home, "slipway", "code");
}

function cacheHome(env: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  if (platform === "win32") return env["LOCALAPPDATA"];
  const home = env["HOME"] ?? "";
  if (platform === "darwin") return home === "" ? undefined : join(home, "Library", "Caches");
  const own = env["XDG_CACHE_HOME"] ?? "";
  if (own !== "") return own;
  return home === "" ? undefined : join(home, ".cache");
}
