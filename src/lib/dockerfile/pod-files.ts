/**
 * The files that Kubernetes and its container runtimes mount into every container. A builder whose root file system is the
 * container's can neither replace them nor put them into the image.
 */
import { posix } from "node:path";
import type { Instruction } from "./instruction.ts";
import { copyWords } from "./known-directories.ts";
import type { Dockerfile } from "./parse.ts";
import { stageScopes } from "./stage-scope.ts";
import type { StageScope } from "./stage-scope.ts";

/** In /etc. */
const POD_FILES = ["hosts", "hostname", "resolv.conf"] as const;

/** Whether a COPY or ADD brings one of these files. */
export type PodFileUse =
  | { readonly kind: "certain" }
  /** It does if one of `files` exists in the context, or if one of `archives` has such a file. Relative paths. */
  | { readonly kind: "context"; readonly files: readonly string[]; readonly archives: readonly string[] }
  /** Only the stage or image that it copies from tells. */
  | { readonly kind: "stage" };

/** Undefined: it certainly does not, or its destination is not known here. */
export function podFileUse(instruction: Instruction, scope: StageScope): PodFileUse | undefined {
  const { escape, expand, directories } = scope;
  if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return undefined;
  const { sources, destination } = copyWords(instruction, escape);
  const text = destination === undefined ? undefined : expand(destination);
  const path = text === undefined ? undefined : directories.resolve(text);
  if (POD_FILES.some((name) => path === `/etc/${name}`)) return { kind: "certain" };
  if (path !== "/" && path !== "/etc") return undefined;
  const from = instruction.flags.some(({ name }) => name === "from");
  const sourcePaths = sources.map((source) => posix.resolve("/", expand(source) ?? source));
  const brings = (source: string): boolean =>
    // Images and stages have an /etc of their own.
    from && source === path ? true : path === "/etc" && POD_FILES.some((name) => posix.basename(source) === name);
  if (sourcePaths.some(brings)) return { kind: "certain" };
  if (from) return { kind: "stage" };
  return {
    kind: "context",
    files: sourcePaths.flatMap((source) => filesBelow(source, path)),
    archives: instruction.keyword === "ADD" ? sourcePaths.map((source) => source.slice(1)) : [],
  };
}

/** The files of a source directory, relative to the context, that go over one of the pod's files. */
function filesBelow(source: string, destination: "/" | "/etc"): string[] {
  const wild = /[*?[]/.test(posix.basename(source));
  // A wildcard takes files one by one, and the content of directories.
  const directory = wild ? posix.dirname(source) : source;
  if (/[*?[]/.test(directory) || (wild && destination === "/")) return [];
  return POD_FILES.map((name) => posix.join(directory, destination === "/" ? "etc" : "", name).slice(1));
}

/** The uses of all stages, with their lines. @param buildArgs values of --build-arg */
export function findPodFileUses(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
): readonly { readonly use: PodFileUse; readonly line: number }[] {
  const scopeOf = stageScopes(dockerfile, buildArgs);
  return dockerfile.stages.flatMap((stage) => {
    const scope = scopeOf(stage);
    return stage.instructions.flatMap((instruction) => {
      const use = podFileUse(instruction, scope);
      scope.observe(instruction);
      return use === undefined ? [] : [{ use, line: instruction.line }];
    });
  });
}
