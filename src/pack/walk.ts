/** One walk over the context, in the order fsutil sends it: a directory before what is in it, names by their bytes. */
import type { Stats } from "node:fs";
import type { PackNote } from "./pack.ts";
import type { IgnoreRules, RuleHits } from "../lib/dockerignore/dockerignore.ts";
import { toText } from "../lib/files/path-bytes.ts";
import { isDenied, isGone, unreadableInContext, type ContextTree } from "./tree.ts";

export interface WalkEntry {
  /** Byte string relative to the root. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  readonly stat: Stats;
  /** Byte string: what a symlink says, never followed. */
  readonly target: string | undefined;
}

/** Paths looked at between two pauses: some milliseconds of work. */
const PATHS_PER_TURN = 256;

/** What of a tree to look at: a path with everything below it, the path itself with its directory's names asked one by one, or neither. */
export interface WalkFilter {
  decide(path: string): "all" | "one" | "none";
}

interface Directory {
  readonly path: string;
  readonly names: readonly string[];
  /** Index of the next name. */
  next: number;
  readonly hits: RuleHits | undefined;
  /** The directory's own entry while it has not been given out: an excluded one goes out before the first path below it. */
  pending: WalkEntry | undefined;
  /** Decides about what is below; undefined: all of it. */
  readonly filter: WalkFilter | undefined;
}

/**
 * Walks without waiting for anything: synchronous calls are several times faster than promises on small files. Gives
 * `undefined` every few milliseconds as the moment to let other work run.
 * @throws InvalidInput if something that is not excluded cannot be read, or a malformed rule is reached.
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
    const excluded = rules.excludes(path, top.hits);
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

/** Undefined when there is nothing to send: the path is gone, or of a kind that no image can hold. */
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

/** Names by their bytes; undefined when the directory is gone, or may not be read and need not be. */
function listNames(tree: ContextTree, path: string, excluded: boolean): string[] | undefined {
  try {
    return tree.names(path).sort();
  } catch (error) {
    if (isGone(error) || (excluded && isDenied(error))) return undefined;
    throw unreadableInContext(path, error);
  }
}
