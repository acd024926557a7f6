/** What `--userns auto` comes to: the nodes are asked, and a user who may not ask them goes without. */
import type { Cluster } from "../lib/kube/cluster.ts";
import { MOST_NODES, haveUserNamespaces } from "../pod/user-namespaces.ts";
import type { BuildPlan } from "../plan/plan.ts";

/** The plan with `userns` decided; one request, and that only for `auto`. Never throws: a cluster out of reach is told elsewhere. */
export async function decideUserns(plan: BuildPlan, cluster: Cluster, signal: AbortSignal): Promise<BuildPlan> {
  if (plan.userns !== "auto") return plan;
  const { userns: _, ...without } = plan;
  // Another runtime says nothing of itself under this name, and not every volume can be shown to a user namespace.
  const claimed = plan.transport === "pvc" || plan.transport === "cache" || plan.cacheVolume !== undefined;
  if (plan.runtimeClass !== undefined || claimed) return without;
  const labels = Object.entries(plan.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  const selector = { labelSelector: labels.join(","), limit: String(MOST_NODES + 1) };
  const nodes = await cluster.list("nodes", selector, signal).catch(() => []);
  return haveUserNamespaces(nodes) ? { ...plan, userns: "always" } : without;
}
