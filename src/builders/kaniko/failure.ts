/** Explains in one sentence why kaniko failed, from the end of its log. Success is never read from a log. */
import { between } from "../../lib/text/linear.ts";
import type { ContainerEnd } from "../builder.ts";
import { missingImage } from "../failures/image.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { missingSource } from "../failures/source.ts";
import { instructionFailure, memoryFailure, runFailure } from "../failures/run.ts";
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
  return (
    commandFailure(last, end.tail) ??
    sourceFailure(last) ??
    baseFailure(last) ??
    failed("build", last === "" ? `kaniko ended with exit code ${end.exitCode}` : last)
  );
}

/** A process that was started ends with an exit code or by a signal. All other errors are kaniko's own. */
function commandFailure(last: string, tail: readonly string[]): Failure | undefined {
  const reason = /^failed to execute command: (.*)$/s.exec(last)?.[1];
  if (reason === undefined) return undefined;
  const instruction = lastInstruction(tail);
  const [, how, value] = /^waiting for process to exit: (exit status|signal:) (.*)$/.exec(reason) ?? [];
  if (how === "exit status") return runFailure(instruction, value);
  if (how !== undefined) return instructionFailure(instruction, `was ended by a signal: ${value}`);
  return instruction === undefined
    ? failed("build", reason)
    : instructionFailure(instruction, `failed: ${reason.replaceAll(CONTEXT_ROOT, "")}`);
}

/** Where kaniko has the context: unpacked by itself, or on the volume (kaniko.ts). */
const CONTEXT_ROOT = /\/kaniko\/(?:buildcontext|slipway\/[\w-]+)\/context\//g;

/** A file that COPY or ADD names, in the context or in another stage (executor/build.go, util/command_util.go). */
function sourceFailure(last: string): Failure | undefined {
  const start = last.indexOf("failed to get files used from context: ");
  if (start < 0 || !last.endsWith(": no such file or directory")) return undefined;
  const file = between(last.slice(start), "fileinfo for ", ": lstat ");
  if (file === undefined) return undefined;
  const path = file.replace(CONTEXT_ROOT, "");
  if (path !== file) {
    return {
      ...failed("build", `${path} is not in the context`, [
        "See what is sent, and which line of the ignore file excludes a file: slipway context --explain FILE",
      ]),
      place: { kind: "source", path },
    };
  }
  const copied = /^\/kaniko\/(?:deps\/)?\d+(\/.*)$/.exec(file)?.[1];
  if (copied !== undefined) return missingSource(copied);
  // The directory of an image has the image's name, which may have slashes of its own.
  const other = /^\/kaniko\/(?:deps\/)?(.*)$/.exec(file)?.[1];
  return other === undefined
    ? undefined
    : failed("build", `COPY --from names a file that is not in its image: ${other}`);
}

/** An image of FROM or COPY --from, as go-containerregistry reports it. */
function baseFailure(last: string): Failure | undefined {
  const missing = missingManifest(last);
  if (missing === undefined) return undefined;
  const { host, repository, tag } = missing;
  return missingImage(
    `${host.replace(/^index\.docker\.io$/, "docker.io")}/${repository}${tag.includes(":") ? "@" : ":"}${tag}`,
  );
}

interface Manifest {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** `GET https://HOST/v2/REPOSITORY/manifests/TAG: MANIFEST_UNKNOWN`. */
function missingManifest(text: string): Manifest | undefined {
  const words = text.split(" ");
  for (const [index, word] of words.entries()) {
    if (!/^(?:MANIFEST|NAME)_UNKNOWN\b/.test(word) || words[index - 2]?.endsWith("GET") !== true) continue;
    const manifest = manifestIn(words[index - 1] ?? "");
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** @param url with a colon at its end */
function manifestIn(url: string): Manifest | undefined {
  const [before, host] = /^https?:\/\/([^/\s]+)\/v2\//.exec(url) ?? [];
  if (before === undefined || host === undefined || !url.endsWith(":")) return undefined;
  const path = url.slice(before.length, -1);
  const at = path.lastIndexOf(MANIFESTS, path.length - MANIFESTS.length - 1);
  if (at < 1 || /\s/.test(path)) return undefined;
  return { host, repository: path.slice(0, at), tag: path.slice(at + MANIFESTS.length) };
}

const MANIFESTS = "/manifests/";

/**
 * How kaniko's own errors begin (cmd/executor/cmd/root.go). The output of a command, which may begin with `Error: `, may stand below it, as
 * the container runtime reads standard output and standard error one by one.
 */
const OWN_ERROR =
  /^(?:error (?:building image|pushing image|checking push permissions|resolving (?:source context|dockerfile path))\b|FATA\[)/;

/** The last line with an error, without kaniko's prefixes. It is not always the last line of the log: cobra prints the usage after it. */
function lastError(end: ContainerEnd): string {
  const lines = [...end.message.split("\n"), ...end.tail];
  const line =
    lines.findLast((text) => OWN_ERROR.test(text)) ??
    lines.findLast((text) => /^(?:Error: |error |FATA\[|kaniko should)/.test(text)) ??
    lines.findLast((text) => text.trim() !== "");
  return (line ?? "")
    .replace(/^(?:Error: |FATA\[\d+\] )/, "")
    .replace(/^error building image: /, "")
    .replace(/^error building stage: /, "")
    .trim();
}

/** The instruction that failed: kaniko logs each one before it carries it out. */
function lastInstruction(tail: readonly string[]): string | undefined {
  return tail
    .findLast((line) => /^INFO\[\d+\] (?:RUN|COPY|ADD|WORKDIR|USER|VOLUME|ENV|EXPOSE|LABEL|ARG) /.test(line))
    ?.replace(/^INFO\[\d+\] /, "")
    .trim();
}

/**
 * Failures to set the owner of a file: the builder has no CHOWN (Pod Security level restricted), or the user id does not exist in
 * the pod's user namespace, which has 65536 ids.
 */
function ownerFailure(last: string): Failure | undefined {
  const [, file = "", why = ""] = /\bl?chown (\S+): (operation not permitted|invalid argument)/.exec(last) ?? [];
  if (why === "invalid argument") {
    return failed("build", `the user id of ${file} is outside of the pod's user namespace, which has 65536 ids`, [
      "Build with --userns never.",
    ]);
  }
  const other = /starting command: fork\/exec \S+: operation not permitted/.test(last);
  if (file === "" && !other) return undefined;
  const what = other
    ? "RUN as a user other than root needs capabilities, and this builder has none"
    : `${file} belongs to a user other than root, and a builder without capabilities cannot set that owner (chown: ${why})`;
  return failed("build", what, [
    "Use a base image with only files of root, and neither --chown nor RUN after USER.",
    "Or build in a namespace of level baseline, without --security restricted; --userns always gives the pod its own user namespace there too.",
  ]);
}

// Failures before the build. The messages about a repository are go-git's (remote.go, plumbing/transport).

/** The last line of kaniko's usage, which it prints after the error. It fills the last 2 kB of the log. */
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

/** @param error kaniko's error without its prefix @returns undefined for other errors */
export function kanikoSourceFailure(error: string): Failure | undefined {
  if (USAGE.test(error)) {
    return failed("build", "kaniko stopped before the build", [
      "The reason is at the beginning of its log: `slipway logs NAME`.",
    ]);
  }
  if (error.startsWith("error resolving dockerfile path: ")) return noDockerfile();
  const source = /^error resolving source context: (.*)$/s.exec(error)?.[1]?.trim();
  if (source === undefined) return undefined;
  return meaningOf(source, CASES) ?? failed("build", `the repository could not be cloned: ${source}`);
}
