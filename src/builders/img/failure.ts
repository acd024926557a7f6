/** Explains in one sentence why img failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { lastMatch, memoryFailure, runFailure } from "../failures/run.ts";
import { betweenFarthest } from "../../lib/text/linear.ts";

/** `executor failed running [/bin/sh -c …]: …` (buildkit v0.7.2, solver/llbsolver/ops/exec.go). It does not report the exit code. */
const EXECUTOR = ["executor failed running [", "]: "] as const;

export function imgFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^Error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const command = betweenFarthest(error ?? "", ...EXECUTOR);
  if (command !== undefined) return runFailure(command.replace(/^\/bin\/sh -c /, ""), undefined);
  // Img logs the step on a separate line.
  const pushing = lastMatch(lines, /^Pushing (\S+)\.\.\.$/);
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  return (
    registryFailure(pushing === undefined ? text : `push ${pushing}: ${text}`) ??
    (error === undefined ? namespaceFailure(lines.join("\n")) : undefined) ??
    failed("build", text === "" ? `img ended with exit code ${end.exitCode}` : text.replace(/^failed to solve: /, ""))
  );
}
