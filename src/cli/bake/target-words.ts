/** A target of a bake file as the words of `slipway build`: what it may say is what that may say. */
import { isAbsolute, join } from "node:path";
import type { BakeTarget } from "./bake-file.ts";
import { LIST_FLAGS } from "./bake-file.ts";

export interface TargetWords {
  readonly words: readonly string[];
  /** An output into a local engine was asked for, which there is not. */
  readonly wantsEngine: boolean;
}

/**
 * Its Dockerfile is read from standard input where the target has it inline.
 * @param push whatever the target says of outputs, its image is pushed
 */
export function targetWords(target: BakeTarget, push: boolean): TargetWords {
  const named = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).map(([key, value]) => `--${flag}=${key}=${value}`);
  const single = (flag: string, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  const outputs = push ? ["type=registry"] : target.lists.output;
  const kept = outputs.filter((output) => !isEngine(output));
  const lists = Object.entries({ ...target.lists, output: kept }) as [keyof typeof LIST_FLAGS, readonly string[]][];
  return {
    words: [
      ...single("file", target.dockerfileInline === undefined ? dockerfileOf(target) : "-"),
      ...named("build-context", target.contexts),
      ...named("build-arg", target.args),
      ...named("label", target.labels),
      ...named("add-host", target.extraHosts),
      ...lists.flatMap(([field, values]) => values.map((value) => `--${LIST_FLAGS[field]}=${value}`)),
      ...single("target", target.target),
      ...single("network", target.network),
      ...single("shm-size", target.shmSize),
      // Compose's name of the check.
      ...single("call", target.call === "lint" ? "check" : target.call),
      ...(target.pull ? ["--pull"] : []),
      ...(target.noCache ? ["--no-cache"] : []),
      "--",
      target.context,
    ],
    wantsEngine: kept.length < outputs.length,
  };
}

/** `type=docker` without a file to go to. */
function isEngine(output: string): boolean {
  const fields = output.split(",");
  return fields.includes("type=docker") && !fields.some((field) => field.startsWith("dest="));
}

/** Bake's path is relative to the context, that of `build` to the working directory; of what is fetched both mean the inside. */
function dockerfileOf({ context, dockerfile }: BakeTarget): string | undefined {
  if (dockerfile === undefined || isAbsolute(dockerfile)) return dockerfile;
  const isFetched = context === "-" || context.includes("://") || /^git@|^github\.com\//.test(context);
  return isFetched ? dockerfile : join(context, dockerfile);
}
