/** Why Buildah failed, in one sentence, from the end of its log. */
import type { ContainerEnd } from "./backend.ts";
import { namespaceFailure } from "./namespace-failure.ts";
import { failed, registryFailure } from "./registry-failure.ts";
import type { Failure } from "./registry-failure.ts";
import { lastMatch, memoryFailure, runFailure, unquoteGo } from "./run-failure.ts";

/** `building at STEP "RUN …": while running runtime: exit status 42` (imagebuildah/stage_executor.go). */
const STEP = /building at STEP "((?:[^"\\]|\\.)*)":.*exit status (\d+)/;

export function buildahFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^Error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const step = STEP.exec(error ?? "");
  if (step !== null) return runFailure(unquoteGo(step[1] ?? ""), step[2] ?? String(end.exitCode));
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  return (
    registryFailure(text) ??
    namespaceFailure(lines.join("\n")) ??
    failed("build", text === "" ? `buildah ended with exit code ${end.exitCode}` : text)
  );
}
