/** Explains in one sentence why BuildKit failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { missingImage } from "../failures/image.ts";
import { missingSource } from "../failures/source.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { lastMatch, memoryFailure, runFailure, unquoteGo } from "../failures/run.ts";
import {
  meaningOf,
  noDirectory,
  noDockerfile,
  noRef,
  noRepository,
  notAuthorised,
  unreachable,
  untrusted,
} from "../failures/repository.ts";
import type { RepositoryCase } from "../failures/repository.ts";
import { between } from "../../lib/text/linear.ts";

/** `process "/bin/sh -c …" did not complete successfully: exit code: 42` (solver/llbsolver/ops/exec.go). */
const PROCESS = /process "((?:[^"\\]|\\.)*)" did not complete successfully: exit code: (\d+)/;

/** The first line of the excerpt that BuildKit prints of the Dockerfile (solver/errdefs/source.go). */
const EXCERPT = /^(?:.*\/)?Dockerfile:(\d+)$/;

export function buildkitFailure(end: ContainerEnd): Failure {
  const line = lastMatch([...end.message.split("\n"), ...end.tail], EXCERPT);
  const failure = failureOf(end);
  if (line === undefined || failure.fault === "cluster") return failure;
  return { ...failure, place: { kind: "line", line: Number(line) } };
}

function failureOf(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const process = PROCESS.exec(error ?? "");
  if (process !== null) return runFailure(unquoteGo(process[1] ?? "").replace(/^\/bin\/sh -c /, ""), process[2] ?? "1");
  if (error !== undefined)
    return (
      buildkitGitFailure(fromLastError(lines)) ??
      registryFailure(error) ??
      frontendFailure(error) ??
      baseFailure(error) ??
      sourceFailure(error) ?? { ...failed("build", plain(error)), ...placeOfDownload(error) }
    );
  return (
    namespaceFailure(lines.join("\n")) ??
    failed("build", lastMatch(lines, /\S/) ?? `buildkit ended with exit code ${end.exitCode}`)
  );
}

/** The frontend image of a `# syntax=` line, which BuildKit pulls to read the Dockerfile. */
function frontendFailure(error: string): Failure | undefined {
  const [, token = ""] = /failed to resolve source metadata for (\S+)/.exec(error) ?? [];
  const image = token.slice(0, Math.max(token.lastIndexOf(":"), 0));
  if ((image.split(":", 1)[0] ?? "").indexOf("dockerfile") < 1) return undefined;
  return failed("build", `the frontend ${image} of the Dockerfile's syntax line cannot be pulled`, [
    "Remove the line: BuildKit has its own frontend. Or name another one with --build-arg BUILDKIT_SYNTAX=IMAGE.",
  ]);
}

function baseFailure(error: string): Failure | undefined {
  const name = between(error, "failed to resolve source metadata for ", ": ") ?? "";
  return name === "" || !error.endsWith(": not found") ? undefined : missingImage(name);
}

/** A file of COPY or ADD. BuildKit also names the snapshot in which it has looked for it. */
function sourceFailure(error: string): Failure | undefined {
  const path = /failed to compute cache key: (?:failed to calculate checksum of ref \S+: )?"([^"]+)": not found$/.exec(
    error,
  )?.[1];
  return path === undefined ? undefined : missingSource(path);
}

/** The ADD of a URL that cannot be read. */
export function placeOfDownload(error: string): Pick<Failure, "place"> {
  const url = between(error, 'failed to load cache key: Get "', '": ');
  return url === undefined ? {} : { place: { kind: "source", path: url } };
}

/** The last error, with the output of git on the lines after it. */
function fromLastError(lines: readonly string[]): string {
  return lines.slice(lines.findLastIndex((line) => line.startsWith("error: "))).join("\n");
}

function plain(error: string): string {
  return error.replace(/^failed to solve: /, "").replace(/^rpc error: code = \w+ desc = /, "");
}

// Failures to fetch a repository: BuildKit's own messages (source/git) and, after them, the output of git.

const CASES: readonly RepositoryCase[] = [
  // If buildkitd finds no git at its start, it does not support repositories.
  [
    /unknown scheme git/,
    () =>
      failed("build", "the builder's image has no git, and the build needs it to fetch a repository", [
        "Use an image with git, such as moby/buildkit, or clone the repository and give the directory.",
      ]),
  ],
  [/repository does not contain ref (\S+), output/, (name) => noRef(`ref ${name}`)],
  [(line) => (line.includes("no such file") ? between(line, "invalid subdir ", ": ") : undefined), noDirectory],
  [(line) => between(line, "failed to read dockerfile: open ", ": no such file"), noDockerfile],
  [/fatal: reference is not a tree: (\w+)/, (commit) => noRef(`commit ${commit}`)],
  [/fatal: (?:could not read (?:Username|Password)|Authentication failed)/, notAuthorised],
  [(line) => between(line, "fatal: repository '", "' not found"), noRepository],
  [(line) => (/certificate|SSL/.test(noAccess(line) ?? "") ? noAccess(line) : undefined), untrusted],
  [noAccess, unreachable],
  [/git stderr:\n(?:fatal: )?(.*)/, (why) => failed("build", `the repository could not be fetched: ${why}`)],
];

/** git's reason on a line that says that it cannot connect. */
function noAccess(line: string): string | undefined {
  const [, rest] = line.split("fatal: unable to access '", 2);
  return rest?.includes("': ") === true ? rest.slice(rest.lastIndexOf("': ") + 3) : undefined;
}

/** @param error all lines of BuildKit's error @returns undefined for other errors */
export function buildkitGitFailure(error: string): Failure | undefined {
  return meaningOf(error, CASES);
}
