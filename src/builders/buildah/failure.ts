/** Explains in one sentence why Buildah failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { lastMatch, memoryFailure, runFailure, unquoteGo } from "../failures/run.ts";

/** `building at STEP "RUN …": while running runtime: exit status 42` (imagebuildah/stage_executor.go). */
const STEP = /building at STEP "((?:[^"\\]|\\.)*)":/;

export function buildahFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^Error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const step = STEP.exec(error ?? "");
  const code = step === null ? undefined : lastExitStatus(step.input.slice(step.index + step[0].length));
  if (code !== undefined) return runFailure(unquoteGo(step?.[1] ?? ""), code);
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  return (
    registryFailure(text) ??
    namespaceFailure(lines.join("\n")) ??
    failed("build", text === "" ? `buildah ended with exit code ${end.exitCode}` : text)
  );
}

function lastExitStatus(text: string): string | undefined {
  return [...text.matchAll(/exit status (\d+)/g)].at(-1)?.[1];
}
