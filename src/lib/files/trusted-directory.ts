/** Checks that only this user can change the content of a directory, as sshd's StrictModes does for the path of a key. */
import { lstatSync, mkdirSync, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

const STICKY = 0o1000;
/** Mode bits: write permission of group and others. */
const OTHERS_WRITE = 0o022;
/** Entries at the top of a work tree. Files below it may have come with a repository. */
const WORK_TREE_MARKS = [".git", ".hg", ".svn"];

/** Whether a file's owner is this user or root. Windows has neither user numbers nor modes: there the answer is always yes. */
export function isOwnOrRoots({ uid }: Pick<Stats, "uid">): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own || uid === 0;
}

/** Whether a user other than this one and root can create a file or a link in a directory. @throws if it cannot be read */
export function isShared(directory: string): boolean {
  const stat = statSync(directory);
  return process.getuid !== undefined && (!isOwnOrRoots(stat) || (stat.mode & OTHERS_WRITE) !== 0);
}

/**
 * Whether only this user can change the content of a directory: this user owns it, this user or root owns every directory above it,
 * and no other user may write to any of them. A directory that does not exist yet counts as this user's.
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

/** @param ownsFirst whether this user must own the directory itself, and root is not enough */
function isWayTrusted(directory: string, ownsFirst: boolean): boolean {
  const own = process.getuid?.();
  for (let at = directory, needsOwn = ownsFirst; ; at = dirname(at), needsOwn = false) {
    const entry = lstatSync(at);
    const stat = entry.isSymbolicLink() ? statSync(at) : entry;
    if (!isOwnOrRoots(entry) || !isOwnOrRoots(stat) || !stat.isDirectory()) return false;
    if (needsOwn && own !== undefined && stat.uid !== own) return false;
    // In a sticky directory, such as /tmp, users cannot replace files of other users.
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

/** Whether a directory, with links followed, is in the work tree of a repository. @param directory absolute path */
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

/** Makes a directory and its parents for this user only. @throws if another user owns it or may change its path */
export function makeTrustedDirectory(directory: string): void {
  if (!isTrusted(directory)) throw new Error(`other users may write to ${directory}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Another process may have been faster.
  if (!isTrusted(directory)) throw new Error(`other users may write to ${directory}`);
}
