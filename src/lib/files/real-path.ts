/** Paths with all symlinks resolved, for rules about where a path may lead. */
import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { InvalidInput } from "../../errors.ts";

/** Symlinks that are followed in one path, as Linux does (path_resolution(7)). */
const MAX_SYMLINKS = 40;

/**
 * The absolute path with all symlinks resolved, also those that lead to a file that does not exist yet.
 * @throws InvalidInput for a path that cannot be resolved, because of a loop or of a directory that cannot be searched
 */
export function realPath(path: string, left = MAX_SYMLINKS): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (left === 0 || (code !== "ENOENT" && code !== "ENOTDIR")) {
      throw new InvalidInput(`${path} cannot be resolved: ${code ?? (error as Error).message}`, { docker: "refuses" });
    }
  }
  const parent = dirname(absolute);
  if (parent === absolute) return absolute;
  const real = join(realPath(parent, left), basename(absolute));
  const target = linkTarget(real);
  return target === undefined ? real : realPath(resolve(dirname(real), target), left - 1);
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether an absolute path is the directory or below it. Neither path is resolved. */
export function isBelow(path: string, directory: string): boolean {
  const root = directory.endsWith(sep) ? directory : directory + sep;
  return path === directory || path.startsWith(root);
}
