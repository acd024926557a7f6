/** What of the context is sent: only what the Dockerfile reaches, where that is certain and worth the asking. */
import { findPrunedPaths } from "./pruned-paths.ts";
import type { PrunedPaths } from "./pruned-paths.ts";
import { leavesMoreThan } from "./survey.ts";
import { DiskTree } from "./tree.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { findUsedPaths } from "../lib/dockerfile/used-paths.ts";
import type { BaseImage, UsedPaths, UsedPath, UsedPathsOptions } from "../lib/dockerfile/used-paths.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { ShippedPlan } from "../plan/plan.ts";

/** Bytes that would stay behind, below which everything is sent: asking registries about base images takes about as long. */
const MIN_SAVED_BYTES = 4 * 1024 * 1024;

export type PruningFacts = Pick<
  ShippedPlan,
  "buildArgs" | "buildContexts" | "context" | "dockerfile" | "sendAll" | "target"
>;

/** @returns undefined when it cannot be learned what the image brings along. */
export type AskBase = (image: string) => Promise<BaseImage | undefined>;

export type PruningDecision =
  | {
      readonly kind: "pruned";
      readonly paths: PrunedPaths;
      readonly sources: readonly UsedPath[];
      /** Base images taken to have no triggers because they were asked, or were not to be. */
      readonly bases: readonly string[];
    }
  /** `because` is one clause. */
  | { readonly kind: "everything"; readonly because: string };

/**
 * @param readsAll why the builder may read any of the context, whatever the Dockerfile says: one clause
 * @param askBase undefined: base images are taken to bring nothing along
 * @throws InvalidInput as packing would, and the signal's reason
 */
export async function decidePruning(
  facts: PruningFacts,
  readsAll: string | undefined,
  askBase: AskBase | undefined,
  signal: AbortSignal,
): Promise<PruningDecision> {
  if (facts.sendAll) return everything("--send-all");
  if (readsAll !== undefined) return everything(readsAll);
  if ((facts.buildContexts?.length ?? 0) > 0) return everything("--build-context gives names another meaning");
  const dockerfile = parseDockerfile(facts.dockerfile.text);
  const options: UsedPathsOptions = { target: facts.target, buildArgs: new Map(facts.buildArgs) };
  const first = findUsedPaths(dockerfile, options);
  if (first.kind === "everything") return first;
  const paths = pathsOf(first, facts.context);
  if (paths === undefined) return everything("its symlinks cannot be followed here");
  if (!(await leavesMoreThan({ ...facts.context, signal }, paths, MIN_SAVED_BYTES))) {
    return everything(`what no COPY or ADD reaches is less than ${formatBytes(MIN_SAVED_BYTES)}`);
  }
  if (askBase === undefined || first.bases.length === 0) return { ...first, kind: "pruned", paths };
  const bases = new Map<string, BaseImage>();
  const asked = await Promise.all(first.bases.map(async (name) => [name, await askBase(name)] as const));
  for (const [name, image] of asked) {
    if (image === undefined) return everything(`its registry does not tell whether ${name} has ONBUILD triggers`);
    bases.set(name, image);
  }
  // Once more, as a base image may set the variables of a COPY.
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
    new DiskTree(context.root),
    used.sources.map(({ pattern }) => pattern),
  );
}
