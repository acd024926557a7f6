/** Failures that every builder can have, with the same messages. */
import type { ContainerEnd } from "../builder.ts";
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/**
 * @param command `RUN …` or the shell command, if the builder reports it
 * @param code the command's exit code, if the builder reports it
 */
export function runFailure(command: string | undefined, code: string | undefined): Failure {
  return instructionFailure(
    command === undefined ? undefined : `RUN ${command.replace(/^RUN /, "")}`,
    code === undefined ? "failed" : `ended with exit code ${code}`,
  );
}

/**
 * @param instruction with its keyword, if the builder reports it; else a RUN is meant
 * @param how the rest of the sentence
 */
export function instructionFailure(instruction: string | undefined, how: string): Failure {
  if (instruction === undefined) return failed("build", `a RUN ${how}`);
  const [first = "", ...more] = instruction.trim().split("\n");
  return {
    ...failed("build", `\`${first}${more.length > 0 ? " …" : ""}\` ${how}`),
    place: { kind: "instruction", text: instruction },
  };
}

/** The first group of the last line that matches; the whole line if the pattern has no group. */
export function lastMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  const line = lines.findLast((text) => pattern.test(text));
  return line === undefined ? undefined : (pattern.exec(line)?.[1] ?? line).trim();
}

/** Reads a text that a Go program printed with %q. Returns an incomplete text as it is. */
export function unquoteGo(text: string): string {
  try {
    return JSON.parse(`"${text.replaceAll(/\\x([0-9a-f]{2})/g, "\\u00$1").replaceAll("\\a", "\\u0007")}"`) as string;
  } catch {
    return text;
  }
}

/** The kernel killed the builder, so the end of the log does not explain the failure. */
export function memoryFailure(end: ContainerEnd): Failure | undefined {
  if (end.reason !== "OOMKilled") return undefined;
  const { memoryLimit } = end;
  if (memoryLimit === undefined) {
    return failed("cluster", "the builder was killed because its node ran out of memory (OOMKilled)", [
      "Request the memory that it needs, for example --memory 4g, so that it runs on a node with enough memory.",
    ]);
  }
  return failed(
    "cluster",
    `the builder was killed because it used more than its memory limit of ${withUnit(memoryLimit)} (OOMKilled)`,
    [
      "Give it more memory, for example --memory 4g.",
      "See what the namespace allows: kubectl describe limitrange,quota",
    ],
  );
}

/** A quantity in bytes with its largest exact binary unit: `20971520` is `20Mi`. Other quantities stay as they are. */
function withUnit(quantity: string): string {
  if (!/^\d+$/.test(quantity)) return quantity;
  let [size, unit] = [Number(quantity), ""];
  for (const next of ["Ki", "Mi", "Gi", "Ti"]) {
    if (size === 0 || size % 1024 !== 0) break;
    [size, unit] = [size / 1024, next];
  }
  return `${size}${unit}`;
}
