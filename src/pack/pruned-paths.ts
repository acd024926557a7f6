/**
 * Filters for the walk. `ChosenPaths` takes only given paths. `PrunedPaths` are the paths that remain of a pruned context: the paths
 * that patterns match on the disk, and everything below them. Symlinks are followed, because some builders follow them to the end and
 * others do not; the result has the files for both.
 */
import type { WalkFilter } from "./walk.ts";
import { compileGoRegexp } from "../lib/dockerignore/go-regexp.ts";
import type { LinearMatcher } from "../lib/dockerignore/linear-matcher.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import { type ContextTree, isGone } from "./tree.ts";

/** Only these paths and the directories above them. Entries of a chosen directory are not included. */
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

/** How many symlinks are followed for one file. Linux follows 40. */
const MAX_SYMLINKS = 40;
/** Number of paths looked at for all patterns. Above this, everything is sent. */
const MAX_STEPS = 100_000;
/** Number of steps of work for all wildcards, about a second. Above this, everything is sent. */
const MAX_WILDCARD_STEPS = 20_000_000;

const WILDCARD = /[*?[\\]/;

export class PrunedPaths implements WalkFilter {
  /** Included with everything below them. */
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

  /** Whether a path is included. */
  covers(path: string): boolean {
    if (this.#roots.has("") || this.#roots.has(path) || this.#above.has(path)) return true;
    for (let at = path.lastIndexOf("/"); at >= 0; at = path.lastIndexOf("/", at - 1)) {
      if (this.#roots.has(path.slice(0, at))) return true;
    }
    return false;
  }
}

/**
 * @param patterns Relative to the root of the tree, with Go's wildcards, and `**` for anything below.
 * @returns undefined if the matching paths cannot be determined.
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
  #wildcardSteps = 0;

  constructor(tree: ContextTree) {
    this.#tree = tree;
  }

  /** @param directory Not a symlink, and not below one. @param links Number of symlinks followed so far. */
  visit(directory: string, parts: readonly string[], links: number): void {
    const [part, ...rest] = parts;
    if (part === undefined || part.includes("**")) {
      this.roots.add(directory);
    } else if (part === "" || part === ".") {
      this.visit(directory, rest, links);
    } else if (part === "..") {
      // The root of a chroot is its own parent.
      this.visit(directory.slice(0, Math.max(0, directory.lastIndexOf("/"))), rest, links);
    } else if (WILDCARD.test(part)) {
      const matcher = componentMatcher(part);
      for (const name of this.#names(directory)) {
        const before = matcher.steps;
        if (matcher.test(name)) this.#enter(directory, name, rest, links);
        this.#wildcardSteps += matcher.steps - before;
        if (this.#wildcardSteps > MAX_WILDCARD_STEPS) throw new UnknownTarget();
      }
      // Also as written: kaniko and others look for a file with exactly this name.
      this.#enter(directory, part, rest, links);
    } else {
      this.#enter(directory, part, rest, links);
    }
  }

  #enter(directory: string, name: string, rest: readonly string[], links: number): void {
    if (++this.#steps > MAX_STEPS) throw new UnknownTarget();
    const path = directory === "" ? name : `${directory}/${name}`;
    const kind = this.#kind(path);
    // A missing file may be created in a moment.
    if (rest.length === 0 || kind === "absent") this.roots.add(path);
    if (kind === "symlink") {
      this.roots.add(path);
      this.#follow(directory, path, rest, links + 1);
    } else if (kind === "directory" && rest.length > 0) this.visit(path, rest, links);
  }

  #follow(directory: string, symlink: string, rest: readonly string[], links: number): void {
    if (links > MAX_SYMLINKS) throw new UnknownTarget();
    const target = this.#tree.target(symlink);
    // With a drive of Windows, where docker looks for the rest of the path in the context.
    if (/^[a-z]:\//i.test(target)) throw new UnknownTarget();
    const steps = target.split("/");
    // Builders differ: some remove `a/..` before they look at `a`.
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

/** Tells whether a name may match one part of a pattern. Accepts at least every name that Go's filepath.Match accepts. */
function componentMatcher(pattern: string): LinearMatcher {
  const plain = pattern.slice(0, pattern.search(/[[\\]|$/));
  const expression = Array.from(plain, (char) => {
    if (char === "*") return `${ANY_BYTE}*`;
    // One character, which may be several bytes.
    return char === "?" ? `${ANY_BYTE}{1,4}` : `\\x{${char.charCodeAt(0).toString(16)}}`;
  });
  return compileGoRegexp(`^${expression.join("")}${plain === pattern ? "$" : ""}`);
}

const ANY_BYTE = "[\\x00-\\xff]";
