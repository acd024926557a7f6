/** Explains in one sentence why Buildah failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { instructionFailure, lastMatch, memoryFailure, runFailure } from "../failures/run.ts";
import { missingImage } from "../failures/image.ts";
import { missingSource } from "../failures/source.ts";

/** `building at STEP "RUN …": while running runtime: exit status 42` (imagebuildah/stage_executor.go). Quotes in the instruction stay as they are. */
const FAILED_STEP = 'building at STEP "';
/** The line with which a step starts. */
const STARTED_STEP = /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: (.*)$/;
/** Only a process has an exit status. */
const EXIT_STATUS = /exit status (\d+)/;
/** Buildah's own process then has exit status 1 (chroot/run_common.go). */
const SIGNALLED = /^subprocess exited on (.+)$/;
/** Of COPY or ADD (copier/copier.go). Before it stand directories of buildah's own. */
const COPIER = "copier: stat: ";
const NO_FILE = /^"(.*)": no such file or directory$/s;
/** A base image, or an image of COPY --from (go.podman.io/image, docker/docker_image_src.go). */
const NO_IMAGE = /initializing source (docker:\/\/\S+): reading manifest \S+ in \S+: (?:manifest|name) unknown/;

export function buildahFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastError(lines);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const step = failedStep(error ?? "", lines);
  if (step !== undefined) return stepFailure(step.instruction, step.reason, lastMatch(lines.slice(-4), SIGNALLED));
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  const image = NO_IMAGE.exec(text)?.[1];
  return (
    registryFailure(text) ??
    (image === undefined ? undefined : missingImage(image)) ??
    namespaceFailure(lines.join("\n")) ??
    failed("build", text === "" ? `buildah ended with exit code ${end.exitCode}` : text)
  );
}

/** The last line that begins with `Error: `, and the lines after it: a heredoc of the instruction has line feeds. */
function lastError(lines: readonly string[]): string | undefined {
  // The command's output may stand below it, with lines that begin in the same way.
  const step = lines.findLastIndex((line) => line.startsWith(`Error: ${FAILED_STEP}`));
  const at = step < 0 ? lines.findLastIndex((line) => line.startsWith("Error: ")) : step;
  return at < 0 ? undefined : lines.slice(at).join("\n").slice("Error: ".length).trim();
}

/** The instruction and the reason of its failure. Both may have quotes and colons, so the line that started the step tells where one ends. */
function failedStep(error: string, lines: readonly string[]): { instruction: string; reason: string } | undefined {
  if (!error.startsWith(FAILED_STEP)) return undefined;
  const rest = error.slice(FAILED_STEP.length);
  const started = lines.findLast((line) => STARTED_STEP.test(line));
  const known = STARTED_STEP.exec(started ?? "")?.[1];
  const end = known !== undefined && rest.startsWith(`${known}": `) ? known.length : rest.indexOf('": ');
  return end < 0 ? undefined : { instruction: rest.slice(0, end), reason: rest.slice(end + '": '.length) };
}

/** @param signal that has ended the process, if one has */
function stepFailure(instruction: string, reason: string, signal: string | undefined): Failure {
  const status = EXIT_STATUS.exec(reason)?.[1];
  const place = { kind: "instruction", text: instruction } as const;
  if (status !== undefined && /^RUN\s/i.test(instruction)) {
    if (status === "1" && signal !== undefined)
      return instructionFailure(instruction, `was ended by a signal: ${signal}`);
    return { ...runFailure(instruction, status), place };
  }
  const copier = reason.lastIndexOf(COPIER);
  const why = copier < 0 ? reason : reason.slice(copier + COPIER.length);
  const file = NO_FILE.exec(why)?.[1];
  if (copier >= 0 && file !== undefined) return missingSource(file, instruction);
  const image = NO_IMAGE.exec(reason)?.[1];
  const refused = registryFailure(reason) ?? (image === undefined ? undefined : missingImage(image));
  return refused === undefined ? instructionFailure(instruction, `failed: ${why}`) : { ...refused, place };
}
