/** Whether only this user can change what a directory holds, as sshd's StrictModes asks of the way to a key. */
import { lstatSync, mkdirSync, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

const STICKY = 0o1000;
/** Write permission of the group and of all others. */
const OTHERS_WRITE = 0o022;
/** What the top of a work tree has. What lies below came with a repository, or may have. */
const WORK_TREE_MARKS = [".git", ".hg", ".svn"];

/** Whether a file's owner is this user or root. Windows has neither numbers nor modes: there every owner is. */
export function isOwnOrRoots({ uid }: Pick<Stats, "uid">): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own || uid === 0;
}

/** Whether a user other than this one and root can put a file, or a link, into a directory. @throws when it cannot be looked at */
export function isShared(directory: string): boolean {
  const stat = statSync(directory);
  return process.getuid !== undefined && (!isOwnOrRoots(stat) || (stat.mode & OTHERS_WRITE) !== 0);
}

/**
 * Whether only this user can change what lies in a directory: it is this user's, every directory above it is this user's or
 * root's, and nobody else may write to any of them. What is not there yet counts as made by this user.
 *
 * @param directory absolute path
 */
export function isTrusted(directory: string): boolean {
  try {
    const deepest = deepestOf(directory);
    const exists = deepest === directory;
    const real = realpathSync.native(deepest);
    return isWayTrusted(deepest, exists) && (real === deepest || isWayTrusted(real, exists));
  } catch {
    return false;
  }
}

/** @param ownsFirst whether the directory itself, and not only those above it, has to be this user's own */
function isWayTrusted(directory: string, ownsFirst: boolean): boolean {
  const own = process.getuid?.();
  for (let at = directory, needsOwn = ownsFirst; ; at = dirname(at), needsOwn = false) {
    const entry = lstatSync(at);
    const stat = entry.isSymbolicLink() ? statSync(at) : entry;
    if (!isOwnOrRoots(entry) || !isOwnOrRoots(stat) || !stat.isDirectory()) return false;
    if (needsOwn && own !== undefined && stat.uid !== own) return false;
    // In a sticky directory, such as /tmp, nobody can replace what is another user's.
    const isOpen = own !== undefined && (stat.mode & OTHERS_WRITE) !== 0;
    if (isOpen && (needsOwn || (stat.mode & STICKY) === 0)) return false;
    if (at === dirname(at)) return true;
  }
}

function deepestOf(directory: string): string {
  let at = directory;
  while (lstatSync(at, { throwIfNoEntry: false }) === undefined && at !== dirname(at)) at = dirname(at);
  return at;
}

/** Whether a directory lies in the work tree of a repository, links followed. @param directory absolute path */
export function isInWorkTree(directory: string): boolean {
  const deepest = deepestOf(directory);
  const real = realpathSync.native(deepest);
  return hasMark(directory) || (real !== deepest && hasMark(real));
}

function hasMark(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (WORK_TREE_MARKS.some((mark) => lstatSync(join(at, mark), { throwIfNoEntry: false }) !== undefined)) return true;
    if (at === dirname(at)) return false;
  }
}

/** Makes a directory, and those above it, for this user only. @throws when it is, or leads through, another user's */
export function makeTrustedDirectory(directory: string): void {
  if (!isTrusted(directory)) throw new Error(`other users may write to ${directory}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Somebody may have been quicker.
  if (!isTrusted(directory)) throw new Error(`other users may write to ${directory}`);
}
