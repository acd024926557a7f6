/** What may be wrong with a repository that the builder clones, in the same words whichever builder it is. */
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/** In a builder's error, and what it means; the first group is given to the second. */
export type RepositoryCase = readonly [pattern: RegExp, meaning: (found: string) => Failure];

const CLONE_HERE = "Or leave out --git-in-cluster: your own git clones it here then.";
const TOKEN = "Give a token that may read it: --secret id=GIT_AUTH_TOKEN,env=NAME.";
const REFS = "Name a branch, a tag or a commit after the #; a commit with all of its 40 digits.";

/** @param what `branch or tag x`, `commit x` */
export const noRef = (what: string): Failure => failed("build", `the repository has no ${what}`, [REFS]);

export const noDirectory = (path: string): Failure =>
  failed("build", `the repository has no directory ${path}`, ["Name one after #REF: or in ?subdir=."]);

export const noDockerfile = (): Failure =>
  failed("build", "there is no Dockerfile where the builder looks for it", [
    "Name it with -f as it is called in the repository, from SUBDIR if there is one.",
  ]);

export const notAuthorised = (): Failure => failed("registry-auth", "not authorised to clone the repository", [TOKEN]);

/** Forges say the same of what there is not and of what one may not see. */
export const noRepository = (): Failure =>
  failed("build", "there is no such repository, or none for whoever asks", [TOKEN]);

export const unreachable = (why: string): Failure =>
  failed("build", `the repository cannot be reached from the pod: ${why}`, [CLONE_HERE]);

export const notGivenOut = (): Failure =>
  failed("build", "the repository's server gives out no commit by its hash alone", [
    "Name a branch that has it, too: URL?branch=NAME&commit=HASH.",
    CLONE_HERE,
  ]);

export const untrusted = (why: string): Failure =>
  failed("build", `the builder does not trust the certificate of the repository's server: ${why}`, [
    "Name a builder's image that knows its authority with --builder-image.",
    CLONE_HERE,
  ]);

/** @param text the builder's error @returns undefined when none of the cases is in it */
export function meaningOf(text: string, cases: readonly RepositoryCase[]): Failure | undefined {
  for (const [pattern, meaning] of cases) {
    const found = pattern.exec(text);
    if (found !== null) return meaning(found[1] ?? "");
  }
  return undefined;
}
