/** Why a kaniko container failed, in one sentence, from the end of its log. Success is never read from a log; a reason may be. */
import type { ContainerEnd } from "../builder.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { memoryFailure, runFailure } from "../failures/run.ts";
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
} from "../failures/repository.ts";
import type { RepositoryCase } from "../failures/repository.ts";

export function kanikoFailure(end: ContainerEnd): Failure {
  const last = lastError(end);
  const known = memoryFailure(end) ?? kanikoSourceFailure(last) ?? registryFailure(last);
  if (known !== undefined) return known;
  const owner = ownerFailure(last);
  if (owner !== undefined) return owner;
  if (/failed to execute command/.test(last)) {
    const code = /exit status (\d+)/.exec(last)?.[1] ?? String(end.exitCode);
    return runFailure(lastCommand(end.tail), code);
  }
  return failed("build", last === "" ? `kaniko ended with exit code ${end.exitCode}` : last);
}

/** The last line that speaks of an error, without kaniko's wrapping: its final line is not always the last one (cobra prints usage after it). */
function lastError(end: ContainerEnd): string {
  const lines = [...end.message.split("\n"), ...end.tail];
  const line =
    lines.findLast((text) => /^(?:Error: |error |FATA\[|kaniko should)/.test(text)) ??
    lines.findLast((text) => text.trim() !== "");
  return (line ?? "")
    .replace(/^(?:Error: |FATA\[\d+\] )/, "")
    .replace(/^error building image: /, "")
    .replace(/^error building stage: /, "")
    .trim();
}

/** The RUN kaniko was carrying out: it logs each instruction before it runs it. */
function lastCommand(tail: readonly string[]): string | undefined {
  return tail
    .findLast((line) => /^INFO\[\d+\] RUN /.test(line))
    ?.replace(/^INFO\[\d+\] /, "")
    .trim();
}

/**
 * A file that belongs to another user than root, and a builder that may give it to nobody (no CHOWN, as under Pod Security's
 * restricted level) or not to that user (a user namespace has 65536 of them).
 */
function ownerFailure(last: string): Failure | undefined {
  const [, file = "", why = ""] = /\bl?chown (\S+): (operation not permitted|invalid argument)/.exec(last) ?? [];
  if (why === "invalid argument") {
    return failed("build", `${file} belongs to a user beyond the 65536 of the pod's user namespace`, [
      "Build with --userns never.",
    ]);
  }
  const other = /starting command: fork\/exec \S+: operation not permitted/.test(last);
  if (file === "" && !other) return undefined;
  const what = other
    ? "a RUN as another user than root takes capabilities, and this builder has none"
    : `${file} belongs to another user than root, and a builder without capabilities cannot give it away (chown: ${why})`;
  return failed("build", what, [
    "Start from an image whose files all belong to root, without --chown and without RUN under USER.",
    "Or build in a namespace of level baseline, without --security restricted; --userns always makes root nobody there too.",
  ]);
}

// Why kaniko never began: what it says of a repository it could not clone are go-git's words (remote.go, plumbing/transport).

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
