/** Translates a target of a bake file to args of `slipway build`. */
import { isAbsolute, join } from "node:path";
import type { BakeTarget } from "./bake-file.ts";
import { LIST_FLAGS } from "./bake-file.ts";

export interface TargetArgs {
  readonly args: readonly string[];
  /** The target has an output to a local engine, which does not exist here. */
  readonly wantsEngine: boolean;
}

/**
 * An inline Dockerfile is read from standard input.
 * @param push replaces the outputs of the target by a push
 */
export function targetArgs(target: BakeTarget, push: boolean): TargetArgs {
  const named = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).map(([key, value]) => `--${flag}=${key}=${value}`);
  const single = (flag: string, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  const outputs = push ? ["type=registry"] : target.lists.output;
  const kept = outputs.filter((output) => !isEngine(output));
  const lists = Object.entries({ ...target.lists, output: kept }) as [keyof typeof LIST_FLAGS, readonly string[]][];
  return {
    args: [
      ...single("file", target.dockerfileInline === undefined ? dockerfileOf(target) : "-"),
      ...named("build-context", target.contexts),
      ...named("build-arg", target.args),
      ...named("label", target.labels),
      ...named("add-host", target.extraHosts),
      ...lists.flatMap(([field, values]) => values.map((value) => `--${LIST_FLAGS[field]}=${value}`)),
      ...single("target", target.target),
      ...single("network", target.network),
      ...single("shm-size", target.shmSize),
      // Compose's name for the check.
      ...single("call", target.call === "lint" ? "check" : target.call),
      ...(target.pull ? ["--pull"] : []),
      ...(target.noCache ? ["--no-cache"] : []),
      "--",
      target.context,
    ],
    wantsEngine: kept.length < outputs.length,
  };
}

/** `type=docker` without a file as its destination. */
function isEngine(output: string): boolean {
  const fields = output.split(",");
  return fields.includes("type=docker") && !fields.some((field) => field.startsWith("dest="));
}

/** Bake's path is relative to the context, the one of `build` to the working directory. In a context that is fetched both are paths inside it. */
function dockerfileOf({ context, dockerfile }: BakeTarget): string | undefined {
  if (dockerfile === undefined || isAbsolute(dockerfile)) return dockerfile;
  const isFetched = context === "-" || context.includes("://") || /^git@|^github\.com\//.test(context);
  return isFetched ? dockerfile : join(context, dockerfile);
}
