/** Why kaniko never began: what it says of a repository it could not clone are go-git's words (remote.go, plumbing/transport). */
import { failed } from "./registry-failure.ts";
import type { Failure } from "./registry-failure.ts";
import {
  meaningOf,
  noDirectory,
  noDockerfile,
  noRef,
  noRepository,
  notAuthorised,
  notGivenOut,
  unreachable,
  untrusted,
} from "./repository-failure.ts";
import type { RepositoryCase } from "./repository-failure.ts";

/** The last line of kaniko's usage, which it prints after the error: of a log's last 2 kB nothing else is left. */
const USAGE = /^Use "executor \[command\] --help"/;

const CASES: readonly RepositoryCase[] = [
  [/^invalid branch: (.*)$/, (name) => noRef(`branch or tag ${name}`)],
  [/^couldn't find remote ref "(.*)"$/, (name) => noRef(`ref ${name}`)],
  [/^reference not found$/, () => noRef("such ref")],
  [/not our ref (\w+)/, (commit) => noRef(`commit ${commit}`)],
  [/^object not found$/, () => noRef("such commit on that ref")],
  [/exact SHA1 refspec/, notGivenOut],
  [/^(?:authentication required|authorization failed)/, notAuthorised],
  [/^repository not found/, noRepository],
  [/^stat \/kaniko\/buildcontext\/(.*): no such/, noDirectory],
  [/(x509: .*)/, untrusted],
  [/^Get "[^"]*": (.*)$/, unreachable],
];

/** @param error kaniko's, without its prefix @returns undefined when it is about something else */
export function kanikoSourceFailure(error: string): Failure | undefined {
  if (USAGE.test(error)) {
    return failed("build", "kaniko did not begin to build", ["Its log begins with the reason: `slipway logs NAME`."]);
  }
  if (error.startsWith("error resolving dockerfile path: ")) return noDockerfile();
  const source = /^error resolving source context: (.*)$/s.exec(error)?.[1]?.trim();
  if (source === undefined) return undefined;
  return meaningOf(source, CASES) ?? failed("build", `the repository could not be cloned: ${source}`);
}
