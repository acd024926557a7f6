/** Whatever COPY a Dockerfile has, a context of only what it reaches gives the same files as the whole context. */
import type { Stats } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";
import { parseIgnoreFile } from "../../../../src/lib/dockerignore/dockerignore.ts";
import { findPrunedPaths } from "../../../../src/pack/pruned-paths.ts";
import type { ContextTree } from "../../../../src/pack/tree.ts";
import { walkContext, type WalkFilter } from "../../../../src/pack/walk.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { findUsedPaths } from "../../../../src/lib/dockerfile/used-paths.ts";

const CASES = 3000;

/** Paths to what is there: undefined for a directory, `-> x` for a symlink. */
type Files = ReadonlyMap<string, string | undefined>;

class MemoryTree implements ContextTree {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  names(directory: string): string[] {
    const prefix = directory === "" ? "" : `${directory}/`;
    const below = [...this.#files.keys()].filter((path) => path.startsWith(prefix));
    return below.map((path) => path.slice(prefix.length)).filter((name) => name !== "" && !name.includes("/"));
  }

  stat(path: string): Stats {
    if (!this.#files.has(path)) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    const content = this.#files.get(path);
    const link = content?.startsWith("-> ") === true;
    return {
      isDirectory: () => content === undefined,
      isSymbolicLink: () => link,
      isFile: () => content !== undefined && !link,
    } as Stats;
  }

  target(symlink: string): string {
    return this.#files.get(symlink)?.slice(3) ?? "";
  }
}

function sent(files: Files, ignoreFile: string, filter?: WalkFilter): Files {
  const entries = walkContext(new MemoryTree(files), parseIgnoreFile(ignoreFile), () => {}, filter);
  return new Map([...entries].flatMap((entry) => (entry === undefined ? [] : [[entry.path, files.get(entry.path)]])));
}

/** The end of a path if every symlink is followed within the root (BuildKit), or all but the last one (kaniko). */
function follow(files: Files, path: string, last: boolean): string | undefined {
  let at = "";
  const parts = path.split("/");
  for (let steps = 0; parts.length > 0; steps++) {
    const part = parts.shift() ?? "";
    if (part === "" || part === ".") continue;
    const next = part === ".." ? posix.dirname(`/${at}`).slice(1) : posix.join(at, part);
    const content = files.get(next);
    if (content?.startsWith("-> ") === true && (last || parts.length > 0)) {
      if (steps > 100) return undefined;
      if (content.startsWith("-> /")) {
        // On kaniko's disk that is outside the context.
        if (!last) return undefined;
        at = "";
      }
      parts.unshift(...content.slice(3).split("/"));
      continue;
    }
    at = next;
  }
  return at === "" || files.has(at) ? at : undefined;
}

function glob(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${source}$`);
}

/** The entries that one source of a COPY puts into an image; undefined if the build fails. */
function copy(files: Files, source: string, followsLast: boolean): string[] | undefined {
  const pattern = posix.normalize(source).replace(/^\//, "").replace(/\/$/, "");
  const candidates = /[*?[]/.test(pattern) ? matching(files, pattern, followsLast) : [pattern];
  const copied: string[] = [];
  for (const candidate of candidates) {
    const found = follow(files, candidate, followsLast);
    if (found === undefined) return undefined;
    const below = [...files].filter(([path]) => path.startsWith(found === "" ? "" : `${found}/`));
    copied.push(`${candidate}: ${files.get(found)}`);
    copied.push(...below.map(([path, content]) => `${candidate} ${path.slice(found.length)}: ${content}`));
  }
  return candidates.length === 0 ? undefined : copied;
}

/** Kaniko matches all paths there are; BuildKit goes down part by part, through symlinks. */
function matching(files: Files, pattern: string, throughLinks: boolean): string[] {
  if (!throughLinks) return [...files.keys()].filter((path) => glob(pattern).test(path));
  let found = [""];
  for (const part of pattern.split("/")) {
    found = found.flatMap((at) => {
      const directory = follow(files, at, true);
      if (directory === undefined) return [];
      const names = new MemoryTree(files).names(directory);
      return names.filter((name) => glob(part).test(name)).map((name) => posix.join(at, name));
    });
  }
  return found;
}

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    // Park and Miller's generator.
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

const NAMES = ["a", "b", "ab", "c1"];

function randomPath(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => random.of(NAMES)).join("/");
}

function randomTree(random: Random): Files {
  const files = new Map<string, string | undefined>();
  for (let count = 3 + random.below(12); count > 0; count--) {
    const path = randomPath(random);
    const parents = path.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
    if (files.has(path) || parents.some((parent) => files.get(parent) !== undefined)) continue;
    for (const parent of parents) if (parent !== "") files.set(parent, undefined);
    const target = `${random.of(["", "/", "../", "./", "../../"])}${randomPath(random)}`;
    files.set(path, random.of([undefined, `content of ${path}`, `content of ${path}`, `-> ${target}`]));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function randomSource(random: Random): string {
  const parts = randomPath(random).split("/");
  const wild = ["*", "a*", "?", "[ab]", "c?"];
  const source = parts.map((part) => (random.below(4) === 0 ? random.of(wild) : part)).join("/");
  return random.of(["", "", "./", "/"]) + source + random.of(["", "", "/"]);
}

it("a pruned context gives the same files, for both ways in which builders follow symlinks", () => {
  const random = new Random(2026);
  let smaller = 0;
  let copied = 0;
  for (let number = 0; number < CASES; number++) {
    const files = randomTree(random);
    const ignoreFile = random.of(["", "", "a\n!a/b", "**/b", "c1\n*/ab"]);
    const sources = Array.from({ length: 1 + random.below(2) }, () => randomSource(random));
    const [first = "", ...rest] = sources;
    const dockerfile = `FROM scratch\nARG FIRST=${first}\n${random.of(["COPY", "ADD"])} $FIRST ${rest.join(" ")} /to/\n`;
    const reach = findUsedPaths(parseDockerfile(dockerfile));
    if (reach.kind === "everything") throw new Error(`${dockerfile} is everything: ${reach.because}`);
    const patterns = reach.sources.map(({ pattern }) => pattern);
    const filter = findPrunedPaths(new MemoryTree(files), patterns);
    const whole = sent(files, ignoreFile);
    const pruned = filter === undefined ? whole : sent(files, ignoreFile, filter);
    if (pruned.size < whole.size) smaller++;
    for (const source of sources) {
      for (const followsLast of [true, false]) {
        const expected = copy(whole, source, followsLast);
        // Both sides have the case, so that a failure prints it.
        const facts = { dockerfile, files: [...files], ignoreFile, followsLast };
        expect({ ...facts, copied: copy(pruned, source, followsLast) }).toEqual({ ...facts, copied: expected });
        if (expected !== undefined) copied++;
      }
    }
  }
  // Cases in which nothing is left out, or nothing is found, prove nothing.
  expect(smaller).toBeGreaterThan(CASES / 3);
  expect(copied).toBeGreaterThan(CASES);
});
