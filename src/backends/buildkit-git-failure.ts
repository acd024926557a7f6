/** Why BuildKit could not fetch a repository: its own words (source/git) and, after them, those of git. */
import { failed } from "./registry-failure.ts";
import type { Failure } from "./registry-failure.ts";
import {
  meaningOf,
  noDirectory,
  noDockerfile,
  noRef,
  noRepository,
  notAuthorised,
  unreachable,
  untrusted,
} from "./repository-failure.ts";
import type { RepositoryCase } from "./repository-failure.ts";

const CASES: readonly RepositoryCase[] = [
  // buildkitd has no source for repositories where it finds no git at its start.
  [
    /unknown scheme git/,
    () =>
      failed("build", "the builder's image has no git, and the build fetches a repository", [
        "Use an image with git, as moby/buildkit is, or clone the repository and give the directory.",
      ]),
  ],
  [/repository does not contain ref (\S+), output/, (name) => noRef(`ref ${name}`)],
  [/invalid subdir (.*?): .*no such file/, noDirectory],
  [/failed to read dockerfile: open .*: no such file/, noDockerfile],
  [/fatal: reference is not a tree: (\w+)/, (commit) => noRef(`commit ${commit}`)],
  [/fatal: (?:could not read (?:Username|Password)|Authentication failed)/, notAuthorised],
  [/fatal: repository '.*' not found/, noRepository],
  [/fatal: unable to access '.*': (.*(?:certificate|SSL).*)/, untrusted],
  [/fatal: unable to access '.*': (.*)/, unreachable],
  [/git stderr:\n(?:fatal: )?(.*)/, (why) => failed("build", `the repository could not be fetched: ${why}`)],
];

/** @param error BuildKit's, all of its lines @returns undefined when it is about something else */
export function buildkitGitFailure(error: string): Failure | undefined {
  return meaningOf(error, CASES);
}
