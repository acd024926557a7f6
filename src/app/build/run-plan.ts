/** Runs a plan in a pod of its own or in a kept builder. */
import type { BuildResult } from "../../events.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuildObjects } from "../../run/objects.ts";
import type { ReachDeps } from "./reach-kept.ts";
import { build, describeBuild } from "./run-build.ts";
import type { BuildDeps, LeftBuild } from "./run-build.ts";

/** The objects that a build would create, for --dry-run. */
export async function describePlan(plan: BuildPlan, deps: Omit<BuildDeps, "cluster">): Promise<BuildObjects> {
  if (plan.keepSeconds === undefined) return describeBuild(plan, deps);
  const { describeKept } = await import("./kept.ts");
  return describeKept(plan, process.env);
}

/**
 * @param stores of logins, for a kept builder, which asks for them
 * @param leave aborted when the client is to detach; a kept builder cannot be left
 * @throws SlipwayError as `build`
 */
export async function runPlan(
  plan: BuildPlan,
  deps: BuildDeps & Pick<ReachDeps, "sharing">,
  stores: readonly CredentialStore[],
  signal: AbortSignal,
  leave?: AbortSignal,
): Promise<BuildResult | LeftBuild> {
  if (plan.keepSeconds === undefined) return build(plan, deps, signal, leave);
  const { buildInKept } = await import("./kept.ts");
  return buildInKept(plan, deps, stores, signal);
}
