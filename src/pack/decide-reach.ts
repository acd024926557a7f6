/** What of the context is sent: only what the Dockerfile reaches, where that is certain and worth the asking. */
import { findReached } from "./reached-paths.ts";
import type { ReachedPaths } from "./reached-paths.ts";
import { leavesMoreThan } from "./survey.ts";
import { DiskTree } from "./tree.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { findReach } from "../lib/dockerfile/reach.ts";
import type { BaseImage, Reach, ReachedSource, ReachOptions } from "../lib/dockerfile/reach.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { ShippedPlan } from "../plan/plan.ts";

/** Bytes that would stay behind, below which everything is sent: asking registries about base images takes about as long. */
const WORTHWHILE = 4 * 1024 * 1024;

export type ReachFacts = Pick<
  ShippedPlan,
  "buildArgs" | "buildContexts" | "context" | "dockerfile" | "sendAll" | "target"
>;

/** @returns undefined when it cannot be learned what the image brings along. */
export type AskBase = (image: string) => Promise<BaseImage | undefined>;

export type ReachDecision =
  | {
      readonly kind: "reached";
      readonly paths: ReachedPaths;
      readonly sources: readonly ReachedSource[];
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
export async function decideReach(
  facts: ReachFacts,
  readsAll: string | undefined,
  askBase: AskBase | undefined,
  signal: AbortSignal,
): Promise<ReachDecision> {
  if (facts.sendAll) return everything("--send-all");
  if (readsAll !== undefined) return everything(readsAll);
  if ((facts.buildContexts?.length ?? 0) > 0) return everything("--build-context gives names another meaning");
  const dockerfile = parseDockerfile(facts.dockerfile.text);
  const options: ReachOptions = { target: facts.target, buildArgs: new Map(facts.buildArgs) };
  const first = findReach(dockerfile, options);
  if (first.kind === "everything") return first;
  const paths = pathsOf(first, facts.context);
  if (paths === undefined) return everything("its symlinks cannot be followed here");
  if (!(await leavesMoreThan({ ...facts.context, signal }, paths, WORTHWHILE))) {
    return everything(`what no COPY or ADD reaches is less than ${formatBytes(WORTHWHILE)}`);
  }
  if (askBase === undefined || first.bases.length === 0) return { ...first, kind: "reached", paths };
  const bases = new Map<string, BaseImage>();
  const asked = await Promise.all(first.bases.map(async (name) => [name, await askBase(name)] as const));
  for (const [name, image] of asked) {
    if (image === undefined) return everything(`its registry does not tell whether ${name} has ONBUILD triggers`);
    bases.set(name, image);
  }
  // Once more, as a base image may set the variables of a COPY.
  const second = findReach(dockerfile, { ...options, bases });
  if (second.kind === "everything") return second;
  const certain = pathsOf(second, facts.context);
  if (certain === undefined) return everything("its symlinks cannot be followed here");
  return { ...second, kind: "reached", paths: certain };
}

function everything(because: string): ReachDecision {
  return { kind: "everything", because };
}

function pathsOf(reach: Extract<Reach, { kind: "paths" }>, context: ShippedPlan["context"]): ReachedPaths | undefined {
  return findReached(
    new DiskTree(context.root),
    reach.sources.map(({ pattern }) => pattern),
  );
}
