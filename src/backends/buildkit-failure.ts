/** Why BuildKit failed, in one sentence, from the end of its log. */
import type { ContainerEnd } from "./backend.ts";
import { buildkitGitFailure } from "./buildkit-git-failure.ts";
import { namespaceFailure } from "./namespace-failure.ts";
import { failed, registryFailure } from "./registry-failure.ts";
import type { Failure } from "./registry-failure.ts";
import { lastMatch, memoryFailure, runFailure, unquoteGo } from "./run-failure.ts";

/** `process "/bin/sh -c …" did not complete successfully: exit code: 42` (solver/llbsolver/ops/exec.go). */
const PROCESS = /process "((?:[^"\\]|\\.)*)" did not complete successfully: exit code: (\d+)/;

export function buildkitFailure(end: ContainerEnd): Failure {
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
      failed("build", plain(error))
    );
  return (
    namespaceFailure(lines.join("\n")) ??
    failed("build", lastMatch(lines, /\S/) ?? `buildkit ended with exit code ${end.exitCode}`)
  );
}

/** The image a `# syntax=` line names, which BuildKit pulls to read the Dockerfile with. */
function frontendFailure(error: string): Failure | undefined {
  const image = /failed to resolve source metadata for ([^\s:]+dockerfile[^\s]*):/.exec(error)?.[1];
  if (image === undefined) return undefined;
  return failed("build", `the frontend ${image}, which the Dockerfile's syntax line names, cannot be pulled`, [
    "Leave the line out: BuildKit has a frontend of its own. Or name another with --build-arg BUILDKIT_SYNTAX=IMAGE.",
  ]);
}

/** With what git has said, which stands on lines of its own. */
function fromLastError(lines: readonly string[]): string {
  return lines.slice(lines.findLastIndex((line) => line.startsWith("error: "))).join("\n");
}

function plain(error: string): string {
  return error.replace(/^failed to solve: /, "").replace(/^rpc error: code = \w+ desc = /, "");
}
