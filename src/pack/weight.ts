/** Finds the directories and files with most of the bytes: candidates for an ignore file. */

export interface HeavyPath {
  /** Relative to the context. The path of a directory ends with a slash. */
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
}

interface Directory {
  bytes: number;
  files: number;
  readonly below: Map<string, Directory>;
}

/** If one entry has this share of a directory's bytes, the entry is reported instead of the directory. */
const DOMINANT_SHARE = 0.9;
/** A place with a smaller part of all bytes is not worth naming. */
const NEGLIGIBLE_SHARE = 0.01;

/** Directories that a tool makes. They are excluded as a whole, so their entries are not reported. */
const TOOL_DIRECTORIES: ReadonlySet<string> = new Set(
  [
    ".cache .git .gradle .hg .next .nuxt .terraform .tox .venv __pycache__ build coverage dist node_modules target vendor venv",
  ].flatMap((names) => names.split(" ")),
);

/**
 * The heaviest paths, heaviest first. None is inside another.
 * @param sizes Paths of files, with `/` between their parts, and their bytes.
 * @param count Maximum number of paths.
 */
export function findHeaviest(sizes: Iterable<readonly [path: string, bytes: number]>, count: number): HeavyPath[] {
  const root: Directory = { bytes: 0, files: 0, below: new Map() };
  for (const [path, bytes] of sizes) {
    root.bytes += bytes;
    add(root, path, bytes);
  }
  return [...root.below]
    .map(([name, directory]) => narrow(name, directory))
    .filter(({ bytes }) => bytes > root.bytes * NEGLIGIBLE_SHARE)
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, count);
}

function add(root: Directory, path: string, bytes: number): void {
  let directory = root;
  for (const part of path.split("/")) {
    let next = directory.below.get(part);
    if (next === undefined) directory.below.set(part, (next = { bytes: 0, files: 0, below: new Map() }));
    next.bytes += bytes;
    next.files += 1;
    directory = next;
  }
}

function narrow(path: string, directory: Directory): HeavyPath {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!TOOL_DIRECTORIES.has(name)) {
    for (const [below, next] of directory.below) {
      if (next.bytes >= directory.bytes * DOMINANT_SHARE) return narrow(`${path}/${below}`, next);
    }
  }
  const isFile = directory.below.size === 0;
  return { path: isFile ? path : `${path}/`, bytes: directory.bytes, files: directory.files };
}
