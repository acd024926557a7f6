/** Explains in one sentence why Buildah failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { instructionFailure, lastMatch, memoryFailure, runFailure, unquoteGo } from "../failures/run.ts";

/** `building at STEP "RUN …": while running runtime: exit status 42` (imagebuildah/stage_executor.go). */
/** A step and the reason of its failure, which is the rest of the text. */
const STEP = /building at STEP "((?:[^"\\]|\\.)*)": /;
/** Only a process has an exit status. */
const EXIT_STATUS = /exit status (\d+)/;

export function buildahFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^Error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const step = STEP.exec(error ?? "");
  if (step !== null) return stepFailure(unquoteGo(step[1] ?? ""), step.input.slice(step.index + step[0].length));
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  return (
    registryFailure(text) ??
    namespaceFailure(lines.join("\n")) ??
    failed("build", text === "" ? `buildah ended with exit code ${end.exitCode}` : text)
  );
}

function stepFailure(instruction: string, reason: string): Failure {
  const status = EXIT_STATUS.exec(reason)?.[1];
  const place = { kind: "instruction", text: instruction } as const;
  if (status !== undefined && /^RUN\s/i.test(instruction)) return { ...runFailure(instruction, status), place };
  const refused = registryFailure(reason);
  return refused === undefined ? instructionFailure(instruction, `failed: ${reason}`) : { ...refused, place };
}
