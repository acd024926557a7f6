/** Context pruning: sends only files that the Dockerfile uses, if that is certain and saves enough. */
import { findPrunedPaths } from "./pruned-paths.ts";
import type { PrunedPaths } from "./pruned-paths.ts";
import { leavesMoreThan } from "./survey.ts";
import { treeOf } from "./tree.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { findUsedPaths } from "../lib/dockerfile/used-paths.ts";
import type { BaseImage, UsedPaths, UsedPath, UsedPathsOptions } from "../lib/dockerfile/used-paths.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { ShippedPlan } from "../plan/plan.ts";

/** Below this many saved bytes everything is sent: asking registries about base images takes about as long as sending them. */
const MIN_SAVED_BYTES = 4 * 1024 * 1024;

export type PruningFacts = Pick<
  ShippedPlan,
  "buildArgs" | "buildContexts" | "context" | "dockerfile" | "sendAll" | "target"
>;

/** @returns undefined if the registry does not tell what the image adds to the build. */
export type AskBase = (image: string) => Promise<BaseImage | undefined>;

export type PruningDecision =
  | {
      readonly kind: "pruned";
      readonly paths: PrunedPaths;
      readonly sources: readonly UsedPath[];
      /** Base images without ONBUILD triggers: their registries said so, or were not asked. */
      readonly bases: readonly string[];
    }
  /** `because` is one clause. */
  | { readonly kind: "everything"; readonly because: string };

/**
 * @param readsAll why the builder may read files of the context that the Dockerfile does not name: one clause
 * @param askBase asks about a base image; undefined: assume that base images add nothing
 * @throws InvalidInput, as packing does; the signal's reason
 */
export async function decidePruning(
  facts: PruningFacts,
  readsAll: string | undefined,
  askBase: AskBase | undefined,
  signal: AbortSignal,
): Promise<PruningDecision> {
  if (facts.sendAll) return everything("--send-all");
  if (readsAll !== undefined) return everything(readsAll);
  if ((facts.buildContexts?.length ?? 0) > 0) return everything("--build-context can replace what COPY uses");
  const dockerfile = parseDockerfile(facts.dockerfile.text);
  const options: UsedPathsOptions = { target: facts.target, buildArgs: new Map(facts.buildArgs) };
  const first = findUsedPaths(dockerfile, options);
  if (first.kind === "everything") return first;
  const paths = pathsOf(first, facts.context);
  if (paths === undefined) return everything("its symlinks cannot be followed here");
  if (!(await leavesMoreThan({ ...facts.context, signal }, paths, MIN_SAVED_BYTES))) {
    return everything(
      `the files that no COPY or ADD uses are less than ${formatBytes(MIN_SAVED_BYTES)}, so leaving them out would not help`,
    );
  }
  if (askBase === undefined || first.bases.length === 0) return { ...first, kind: "pruned", paths };
  const bases = new Map<string, BaseImage>();
  const asked = await Promise.all(first.bases.map(async (name) => [name, await askBase(name)] as const));
  for (const [name, image] of asked) {
    if (image === undefined) return everything(`the registry did not say whether ${name} has ONBUILD triggers`);
    bases.set(name, image);
  }
  // Again, because a base image may set the variables of a COPY.
  const second = findUsedPaths(dockerfile, { ...options, bases });
  if (second.kind === "everything") return second;
  const certain = pathsOf(second, facts.context);
  if (certain === undefined) return everything("its symlinks cannot be followed here");
  return { ...second, kind: "pruned", paths: certain };
}

function everything(because: string): PruningDecision {
  return { kind: "everything", because };
}

function pathsOf(
  used: Extract<UsedPaths, { kind: "paths" }>,
  context: ShippedPlan["context"],
): PrunedPaths | undefined {
  return findPrunedPaths(
    treeOf(context),
    used.sources.map(({ pattern }) => pattern),
  );
}
