import type { WalkFilter } from "./walk.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import { type ContextTree, isGone } from "./tree.ts";

/** Certain paths and the directories above them, and nothing else: what is below a chosen directory has to be chosen itself. */
export class ChosenPaths implements WalkFilter {
  readonly #chosen = new Set<string>();

  /** @param paths Byte strings. */
  constructor(paths: Iterable<string>) {
    for (const path of paths) {
      this.#chosen.add(path);
      for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) this.#chosen.add(path.slice(0, at));
    }
  }

  decide(path: string): "one" | "none" {
    return this.#chosen.has(path) ? "one" : "none";
  }
}

// The paths of a tree that patterns lead to, found on the disk: through symlinks too, as some builders follow those to the end
// and others do not. Everything found is there for either.

/** Symlinks on the way to one file that are followed: Linux follows 40. */
const MAX_SYMLINKS = 40;
/** Directories and names looked at for all patterns together, before it is simpler to take everything. */
const MAX_STEPS = 100_000;

const WILDCARD = /[*?[\\]/;

export class PrunedPaths implements WalkFilter {
  /** Taken with all below them. */
  readonly #roots: ReadonlySet<string>;
  readonly #above = new Set<string>();

  /** @param roots Byte strings. */
  constructor(roots: Iterable<string>) {
    this.#roots = new Set(roots);
    for (const root of this.#roots) {
      for (let at = root.indexOf("/"); at >= 0; at = root.indexOf("/", at + 1)) this.#above.add(root.slice(0, at));
    }
  }

  decide(path: string): "all" | "one" | "none" {
    if (this.#roots.has(path) || this.#roots.has("")) return "all";
    return this.#above.has(path) ? "one" : "none";
  }

  /** Whether a path is among them, whatever directory it was found in. */
  covers(path: string): boolean {
    if (this.#roots.has("") || this.#roots.has(path) || this.#above.has(path)) return true;
    for (let at = path.lastIndexOf("/"); at >= 0; at = path.lastIndexOf("/", at - 1)) {
      if (this.#roots.has(path.slice(0, at))) return true;
    }
    return false;
  }
}

/**
 * @param patterns Relative to the tree's root, parts between slashes, with Go's wildcards and `**` for anything below.
 * @returns undefined when it cannot be told what they lead to: then it may be anything.
 */
export function findPrunedPaths(tree: ContextTree, patterns: Iterable<string>): PrunedPaths | undefined {
  const search = new Search(tree);
  try {
    for (const pattern of patterns) search.visit("", toBytes(pattern).split("/"), 0);
  } catch (error) {
    if (error instanceof UnknownTarget) return undefined;
    throw error;
  }
  return new PrunedPaths(search.roots);
}

class UnknownTarget extends Error {}

class Search {
  readonly roots = new Set<string>();
  readonly #tree: ContextTree;
  #steps = 0;

  constructor(tree: ContextTree) {
    this.#tree = tree;
  }

  /** @param directory No symlink, and below none. @param links Symlinks that led here. */
  visit(directory: string, parts: readonly string[], links: number): void {
    const [part, ...rest] = parts;
    if (part === undefined || part.includes("**")) {
      this.roots.add(directory);
    } else if (part === "" || part === ".") {
      this.visit(directory, rest, links);
    } else if (part === "..") {
      // A chroot's root is its own parent.
      this.visit(directory.slice(0, Math.max(0, directory.lastIndexOf("/"))), rest, links);
    } else if (WILDCARD.test(part)) {
      const matches = componentTest(part);
      for (const name of this.#names(directory)) if (matches(name)) this.#enter(directory, name, rest, links);
      // As written too: kaniko and others look for a file of that very name.
      this.#enter(directory, part, rest, links);
    } else {
      this.#enter(directory, part, rest, links);
    }
  }

  #enter(directory: string, name: string, rest: readonly string[], links: number): void {
    if (++this.#steps > MAX_STEPS) throw new UnknownTarget();
    const path = directory === "" ? name : `${directory}/${name}`;
    const kind = this.#kind(path);
    // What is not there may be in a moment.
    if (rest.length === 0 || kind === "absent") this.roots.add(path);
    if (kind === "symlink") {
      this.roots.add(path);
      this.#follow(directory, path, rest, links + 1);
    } else if (kind === "directory" && rest.length > 0) this.visit(path, rest, links);
  }

  #follow(directory: string, symlink: string, rest: readonly string[], links: number): void {
    if (links > MAX_SYMLINKS) throw new UnknownTarget();
    const target = this.#tree.target(symlink);
    const steps = target.split("/");
    // Builders differ in whether they take `a/..` away before they look what a is.
    const down = steps.findIndex((step) => !["", ".", ".."].includes(step));
    if (down >= 0 && steps.includes("..", down)) throw new UnknownTarget();
    this.visit(target.startsWith("/") ? "" : directory, [...steps, ...rest], links);
  }

  #kind(path: string): "directory" | "symlink" | "other" | "absent" {
    try {
      const stat = this.#tree.stat(path);
      return stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "other";
    } catch (error) {
      if (isGone(error)) return "absent";
      throw new UnknownTarget();
    }
  }

  #names(directory: string): string[] {
    try {
      return this.#tree.names(directory);
    } catch (error) {
      if (isGone(error)) return [];
      throw new UnknownTarget();
    }
  }
}

/** Whether a name may match one part of a pattern: at least all that Go's filepath.Match would say yes to. */
function componentTest(pattern: string): (name: string) => boolean {
  const [, plain = ""] = /^([^[\\]*)/.exec(pattern) ?? [];
  const source = plain
    .replaceAll(/[.+^${}()|\]]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".{1,4}");
  const test = new RegExp(`^${source}${plain === pattern ? "$" : ""}`, "s");
  return (name) => test.test(name);
}
