/** Lists what would be sent of a context and where most of its bytes are. Walks the tree, but does not read files. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PackNote } from "./pack.ts";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { toText } from "../lib/files/path-bytes.ts";
import type { FileTree } from "../lib/files/file-tree.ts";
import { treeOf } from "./tree.ts";
import { walkContext } from "./walk.ts";
import type { ContextDirectory, WalkFilter } from "./walk.ts";
import { findHeaviest } from "./weight.ts";
import type { HeavyPath } from "./weight.ts";

export interface SurveyOptions extends ContextDirectory {
  readonly signal: AbortSignal;
}

export interface Survey {
  /** Files, links and directories, counted as in PackTotals. */
  readonly entries: number;
  /** Sum of the files' sizes in bytes. A file with several names counts once, because it is sent once. */
  readonly fileBytes: number;
  /** Where most of the bytes are, heaviest first. None is inside another. */
  readonly heaviest: readonly HeavyPath[];
  /** Entries that are skipped because an image cannot have them, and not because of a rule. */
  readonly notes: readonly PackNote[];
}

/**
 * Walks the context as packing does, and calls back with each path, in the order of sending.
 * @param heaviest How many heavy paths to return.
 * @throws InvalidInput for a malformed ignore file or a path that cannot be read; the signal's reason.
 */
export async function surveyContext(
  options: SurveyOptions,
  heaviest: number,
  onPath: (path: Buffer) => void = () => {},
): Promise<Survey> {
  const rules = parseIgnoreFile(options.ignoreFile, options.ignoreName);
  const seen = new Set<string>();
  const sizes: [path: string, bytes: number][] = [];
  const notes: PackNote[] = [];
  let entries = 0;
  let fileBytes = 0;
  const tree = treeOf(options);
  for (const entry of walkContext(tree, rules, (note) => notes.push(note), options.filter)) {
    if (entry === undefined) {
      await nextTurn();
      options.signal.throwIfAborted();
      continue;
    }
    entries++;
    onPath(Buffer.from(entry.path, "latin1"));
    if (entry.kind !== "file" || (entry.stat.nlink > 1 && isSecondName(tree, entry.path, seen))) continue;
    fileBytes += entry.stat.size;
    sizes.push([entry.path, entry.stat.size]);
  }
  return { entries, fileBytes, heaviest: findHeaviest(sizes, heaviest).map(asText), notes };
}

/**
 * Whether the files that a filter does not select have more bytes than this. Stops as soon as that is certain.
 * @throws as `surveyContext` does.
 */
export async function leavesMoreThan(options: SurveyOptions, filter: WalkFilter, bytes: number): Promise<boolean> {
  const rules = parseIgnoreFile(options.ignoreFile, options.ignoreName);
  const rest: WalkFilter = { decide: (path) => (filter.decide(path) === "all" ? "none" : "one") };
  let sum = 0;
  for (const entry of walkContext(treeOf(options), rules, () => {}, rest)) {
    if (entry === undefined) {
      await nextTurn();
      options.signal.throwIfAborted();
    } else if (entry.kind === "file" && (sum += entry.stat.size) > bytes) return true;
  }
  return false;
}

function isSecondName(tree: FileTree, path: string, seen: Set<string>): boolean {
  const inode = tree.identity(path);
  return inode !== undefined && seen.size === seen.add(inode).size;
}

function asText(heavy: HeavyPath): HeavyPath {
  return { ...heavy, path: toText(heavy.path) };
}
