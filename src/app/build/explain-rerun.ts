/** A part of the composition root: tells why a step ran again in a kept builder, from what was remembered of the last build. */
import { findPrunedPaths } from "../../pack/pruned-paths.ts";
import type { ContextTree } from "../../pack/sync-tree.ts";
import { treeOf } from "../../pack/tree.ts";
import { declaredArguments } from "../../lib/dockerfile/declared-arguments.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { toText } from "../../lib/files/path-bytes.ts";
import type { Step } from "../../lib/buildkit/progress.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { LastBuild } from "../../run/keep/last-build.ts";
import { factsOfSteps, rerunReason } from "./rerun-reason.ts";
import type { BuildMemory } from "./rerun-reason.ts";

/** @param builder name of the kept builder @returns one sentence, or undefined if there is nothing to tell */
export type ExplainRerun = (builder: string, steps: readonly Step[]) => Promise<string | undefined>;

/** @param project the same text for builds whose trees of files are the same */
export function explainRerun(
  plan: BuildPlan,
  context: ContextTree | undefined,
  project: string,
  env: Readonly<Record<string, string | undefined>>,
): ExplainRerun {
  const { text } = plan.dockerfile;
  // Only the builder reads the Dockerfile of a repository that it clones. A clone of this machine, an archive that is not known yet,
  // and a build with --reproducible have a tree of their own: there is no last build of it.
  if (text === undefined || plan.context?.project !== undefined || plan.latestTime !== undefined)
    return async () => undefined;
  return async (builder, steps) => {
    const file = new LastBuild<BuildMemory>(env, project);
    const last = await file.read();
    const now: BuildMemory = {
      builder,
      dockerfile: file.hash(text),
      files: context?.listed ?? 0,
      buildArgs: Object.fromEntries(plan.buildArgs.map(([name, value]) => [name, file.hash(value)])),
      ...factsOfSteps(steps),
    };
    file.write(now);
    // The user asked for it.
    if (plan.noCache || (plan.noCacheFilter ?? []).length > 0) return undefined;
    const sentFor = (sources: readonly string[] | undefined): readonly string[] => sentOf(context, plan, sources);
    return rerunReason({ steps, declared: declaredIn(text), now, last, sentFor });
  };
}

function declaredIn(text: string): Set<string> {
  const { instructions, escape } = parseDockerfile(text);
  return declaredArguments(instructions, escape);
}

function sentOf(
  context: ContextTree | undefined,
  { context: source }: BuildPlan,
  sources: readonly string[] | undefined,
): readonly string[] {
  const sent = context?.sent ?? [];
  const used = sources === undefined || source === undefined ? undefined : findPrunedPaths(treeOf(source), sources);
  return sent.filter((path) => used?.covers(path) !== false).map(toText);
}
