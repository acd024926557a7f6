/** A file that COPY or ADD names and that is not there, in docker's words. */
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/**
 * @param path as it is looked for: from the root of the context, or of the stage or image that `--from` names
 * @param instruction the COPY or ADD, if the builder reports it
 */
export function missingSource(path: string, instruction?: string): Failure {
  const fromRoot = `/${path.replace(/^\/+/, "")}`;
  return {
    ...failed("build", `failed to compute cache key: "${fromRoot}": not found`, [
      "Sources of COPY and ADD are relative to the context, and those of --from to the root of its stage or image.",
    ]),
    place:
      instruction === undefined
        ? { kind: "source", path: fromRoot, from: true }
        : { kind: "instruction", text: instruction },
  };
}
