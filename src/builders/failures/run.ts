/** What can happen under every builder, in the same words. */
import type { ContainerEnd } from "../builder.ts";
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/**
 * @param command as far as the builder tells it, `RUN …` or what was given to the shell
 * @param code the command's exit code, as far as the builder tells it
 */
export function runFailure(command: string | undefined, code: string | undefined): Failure {
  const how = code === undefined ? "failed" : `ended with exit code ${code}`;
  if (command === undefined) return failed("build", `a RUN ${how}`);
  const [first = "", ...more] = command.replace(/^RUN /, "").trim().split("\n");
  return failed("build", `\`RUN ${first}${more.length > 0 ? " …" : ""}\` ${how}`);
}

/** The last line that matches, without what comes before its first group. */
export function lastMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  const line = lines.findLast((text) => pattern.test(text));
  return line === undefined ? undefined : (pattern.exec(line)?.[1] ?? line).trim();
}

/** What a Go program printed with %q, read back; left as it is when it was cut. */
export function unquoteGo(text: string): string {
  try {
    return JSON.parse(`"${text.replaceAll(/\\x([0-9a-f]{2})/g, "\\u00$1").replaceAll("\\a", "\\u0007")}"`) as string;
  } catch {
    return text;
  }
}

/** The kernel's doing: what the log says last has nothing to do with it. */
export function memoryFailure(end: ContainerEnd): Failure | undefined {
  if (end.reason !== "OOMKilled") return undefined;
  const { memoryLimit } = end;
  if (memoryLimit === undefined) {
    return failed("cluster", "the builder was killed because its node ran out of memory (OOMKilled)", [
      "Ask for the memory it needs with --memory, for example --memory 4g, so that it gets a node that has it.",
    ]);
  }
  return failed(
    "cluster",
    `the builder was killed for using more than its memory limit of ${memoryLimit} (OOMKilled)`,
    [
      "Give it more with --memory, for example --memory 4g.",
      "What the namespace allows: kubectl describe limitrange,quota",
    ],
  );
}
