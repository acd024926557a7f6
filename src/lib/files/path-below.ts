/** Where a path lies below a directory. */
import * as system from "node:path";

/**
 * The path relative to a directory, with slashes on every system. Only looks at the names: links are not followed.
 *
 * @param paths node:path of the system whose paths these are
 * @returns empty for the directory itself; undefined for a path outside of it or on another drive
 */
export function pathBelow(
  directory: string,
  path: string,
  paths: Pick<system.PlatformPath, "relative" | "isAbsolute" | "sep"> = system,
): string | undefined {
  const below = paths.relative(directory, path).replaceAll(paths.sep, "/");
  return below === ".." || below.startsWith("../") || paths.isAbsolute(below) ? undefined : below;
}
