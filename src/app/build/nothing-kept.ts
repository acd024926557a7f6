/** What a build says when it keeps nothing of its work, though the user may expect that it does. */
import { findFeatures } from "../../lib/dockerfile/features.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import type { Emit } from "../../events.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuildRequest } from "../../plan/request.ts";

/** Both are reported once the build begins, after all faults of the command line. */
export function warnOfNothingKept(plan: BuildPlan, { docker }: Pick<BuildRequest, "docker">, emit: Emit): void {
  const warning = noResultWarning(plan, docker?.output);
  if (warning !== undefined) emit({ type: "warning", message: warning });
  const note = emptyCacheMountNote(plan);
  if (note !== undefined) emit({ type: "note", message: note });
}

/**
 * The warning for a build without a result, as buildx gives one for its own builders.
 * @param outputs the values of --output: with one of them the user has decided
 */
export function noResultWarning(
  plan: Pick<BuildPlan, "tags" | "noPush" | "exports">,
  outputs: readonly string[] = [],
): string | undefined {
  if (pushes(plan) || (plan.exports?.length ?? 0) > 0 || outputs.length > 0) return undefined;
  return "no output specified: the image is built, and nothing keeps it. To push it, add -t REGISTRY/NAME (in a bake file: tags); to load it into the local engine, add --load";
}

/** The note for cache mounts, which are empty in each new pod. */
export function emptyCacheMountNote({
  dockerfile: { text },
  buildArgs,
  cacheVolume,
  keepSeconds,
}: Pick<BuildPlan, "dockerfile" | "buildArgs" | "cacheVolume" | "keepSeconds">): string | undefined {
  if (text === undefined || cacheVolume !== undefined || keepSeconds !== undefined) return undefined;
  const uses = findFeatures(parseDockerfile(text), new Map(buildArgs));
  const line = uses.find(({ feature }) => feature === "mount-cache" || feature === "mount-cache-from")?.line;
  if (line === undefined) return undefined;
  return `the cache mount on line ${line} begins empty, and nothing keeps it: --keep 30m or --cache-volume NAME does`;
}
