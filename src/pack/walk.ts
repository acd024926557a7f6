/** Walks the context in the order of fsutil: a directory before its entries, names sorted by bytes. */
import type { PackNote } from "./pack.ts";
import type { IgnoreRules, RuleHits } from "../lib/dockerignore/dockerignore.ts";
import type { FileStat, FileTree } from "../lib/files/file-tree.ts";
import { toText } from "../lib/files/path-bytes.ts";
import { isDenied, isGone, unreadableInContext, type ContextTree } from "./tree.ts";

export interface WalkEntry {
  /** Byte string relative to the root. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  readonly stat: FileStat;
  /** Byte string: target of a symlink, which is never followed. */
  readonly target: string | undefined;
}

/** Number of paths between two pauses: some milliseconds of work. */
const PATHS_PER_TURN = 256;

/** Selects parts of a tree: `all`: a path with everything below it; `one`: the path, and its entries are decided one by one; `none`: skip it. */
export interface WalkFilter {
  decide(path: string): "all" | "one" | "none";
}

/** A directory that is walked as a context, with the rules that exclude paths of it. */
export interface ContextDirectory {
  /** Absolute path of the context directory; the name of the archive if there is a `tree`. */
  readonly root: string;
  /** The files of an archive. Undefined: those of the directory. */
  readonly tree?: FileTree | undefined;
  /** Content of the ignore file, not parsed; undefined if there is none. The bytes need not be UTF-8. */
  readonly ignoreFile: string | Uint8Array | undefined;
  /** Name of the ignore file in messages; `.dockerignore` by default. */
  readonly ignoreName?: string;
  /** Selects paths among those that the rules do not exclude; undefined: all of them. */
  readonly filter?: WalkFilter | undefined;
}

interface Directory {
  readonly path: string;
  readonly names: readonly string[];
  /** Index of the next name. */
  next: number;
  readonly hits: RuleHits | undefined;
  /** The entry of an excluded directory, until the first path below it is sent: the directory is sent before that path. */
  pending: WalkEntry | undefined;
  /** Decides about the entries; undefined: all of them. */
  readonly filter: WalkFilter | undefined;
}

/**
 * Walks synchronously: for small files that is several times faster than promises. Yields `undefined` every few milliseconds to let
 * other work run.
 * @throws InvalidInput if a path that is not excluded cannot be read, and for a malformed rule.
 */
export function* walkContext(
  tree: ContextTree,
  rules: IgnoreRules,
  onNote: (note: PackNote) => void,
  filter?: WalkFilter,
): Generator<WalkEntry | undefined, void, undefined> {
  const stack: Directory[] = [openRoot(tree, filter)];
  for (let looked = 1; ; looked++) {
    const top = stack.at(-1);
    if (top === undefined) return;
    const name = top.names[top.next++];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    if (looked % PATHS_PER_TURN === 0) yield undefined;
    const path = top.path === "" ? name : `${top.path}/${name}`;
    const decision = top.filter?.decide(path) ?? "all";
    if (decision === "none") continue;
    rules.begin(path, top.hits);
    let excluded = rules.advance();
    for (; excluded === undefined; excluded = rules.advance()) yield undefined;
    if (excluded && !rules.hasNegations) continue;
    const entry = readEntry(tree, path, excluded, onNote);
    if (entry === undefined) continue;
    if (entry.kind !== "directory") {
      if (excluded) continue;
      yield* takePending(stack);
      yield entry;
      continue;
    }
    if (excluded && !rules.mayReinclude(path)) continue;
    const hits = rules.takeHits();
    const names = listNames(tree, path, excluded);
    if (names === undefined) {
      if (!excluded) onNote({ path: toText(path), reason: "vanished" });
      continue;
    }
    if (!excluded) {
      yield* takePending(stack);
      yield entry;
    }
    const below = decision === "all" ? undefined : filter;
    stack.push({ path, names, next: 0, hits, pending: excluded ? entry : undefined, filter: below });
  }
}

function openRoot(tree: ContextTree, filter: WalkFilter | undefined): Directory {
  return { path: "", names: listNames(tree, "", false) ?? [], next: 0, hits: undefined, pending: undefined, filter };
}

function* takePending(stack: readonly Directory[]): Generator<WalkEntry, void, undefined> {
  for (const directory of stack) {
    if (directory.pending === undefined) continue;
    yield directory.pending;
    directory.pending = undefined;
  }
}

/** Undefined if there is nothing to send: the path is gone, or an image cannot have this type of file. */
function readEntry(
  tree: ContextTree,
  path: string,
  excluded: boolean,
  onNote: (note: PackNote) => void,
): WalkEntry | undefined {
  try {
    const stat = tree.stat(path);
    if (stat.isDirectory()) return { path, kind: "directory", stat, target: undefined };
    if (excluded || stat.isFile()) return { path, kind: "file", stat, target: undefined };
    if (stat.isSymbolicLink()) return { path, kind: "symlink", stat, target: tree.target(path) };
    onNote({ path: toText(path), reason: stat.isFIFO() ? "fifo" : stat.isSocket() ? "socket" : "device" });
  } catch (error) {
    if (excluded && isDenied(error)) return undefined;
    if (!isGone(error)) throw unreadableInContext(path, error);
    if (!excluded) onNote({ path: toText(path), reason: "vanished" });
  }
  return undefined;
}

/** Names sorted by bytes. Undefined if the directory is gone, or if it is excluded and cannot be read. */
function listNames(tree: ContextTree, path: string, excluded: boolean): string[] | undefined {
  try {
    return tree.names(path).sort();
  } catch (error) {
    if (isGone(error) || (excluded && isDenied(error))) return undefined;
    throw unreadableInContext(path, error);
  }
}
