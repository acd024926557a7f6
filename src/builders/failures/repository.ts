/** Failures with a repository that the builder clones, with the same messages for every builder. */
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/**
 * A pattern for a builder's error, or a function that finds something in a line of it, and its meaning. The second function gets the first
 * group, or what was found.
 */
export type RepositoryCase = readonly [
  pattern: RegExp | ((line: string) => string | undefined),
  meaning: (found: string) => Failure,
];

const CLONE_HERE = "Or remove --git-in-cluster: your own git then clones the repository here.";
const TOKEN = "Give a token that may read the repository: --secret id=GIT_AUTH_TOKEN,env=NAME.";
const REFS = "Name a branch, a tag or a commit after the #. Write all 40 digits of a commit.";

/** @param what `branch or tag x`, `commit x` */
export const noRef = (what: string): Failure => failed("build", `the repository has no ${what}`, [REFS]);

export const noDirectory = (path: string): Failure =>
  failed("build", `the repository has no directory ${path}`, [
    "Name a directory of the repository after #REF: or in ?subdir=.",
  ]);

export const noDockerfile = (): Failure =>
  failed("build", "the builder found no Dockerfile in the repository", [
    "Give -f a path in the repository, relative to SUBDIR if there is one.",
  ]);

export const notAuthorised = (): Failure => failed("registry-auth", "not authorised to clone the repository", [TOKEN]);

/** Forges give the same answer if a repository does not exist and if the token has no access. */
export const noRepository = (): Failure =>
  failed("build", "repository not found, or this token has no access to it", [TOKEN]);

export const unreachable = (why: string): Failure =>
  failed("build", `the pod cannot connect to the repository: ${why}`, [CLONE_HERE]);

export const notGivenOut = (): Failure =>
  failed("build", "the repository's server does not serve a commit only by its hash", [
    "Also name a branch that has the commit: URL?branch=NAME&commit=HASH.",
    CLONE_HERE,
  ]);

export const untrusted = (why: string): Failure =>
  failed("build", `the builder does not trust the certificate of the repository's server: ${why}`, [
    "Use a builder image that trusts this authority: --builder-image IMAGE.",
    CLONE_HERE,
  ]);

/** @param text the builder's error @returns undefined if no case matches */
export function meaningOf(text: string, cases: readonly RepositoryCase[]): Failure | undefined {
  for (const [pattern, meaning] of cases) {
    const found = typeof pattern === "function" ? firstOf(text.split("\n"), pattern) : match(text, pattern);
    if (found !== undefined) return meaning(found);
  }
  return undefined;
}

function match(text: string, pattern: RegExp): string | undefined {
  const found = pattern.exec(text);
  return found === null ? undefined : (found[1] ?? "");
}

function firstOf(lines: readonly string[], find: (line: string) => string | undefined): string | undefined {
  for (const line of lines) {
    const found = find(line);
    if (found !== undefined) return found;
  }
  return undefined;
}
