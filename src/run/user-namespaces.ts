/** What `--userns auto` comes to: the nodes are asked, and a user who may not ask them goes without. */
import type { Cluster } from "../lib/kube/cluster.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { V1Node } from "@kubernetes/client-node";

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

// Whether a pod may have a user namespace of its own, from what the nodes say of themselves. Pure.

/** More are not looked at: a list of them would cost more than the build. */
export const MOST_NODES = 100;

/**
 * Every node that takes pods has to: the scheduler does not know which can. A node says so of each of its runtimes (node.status.
 * runtimeHandlers, since Kubernetes 1.31: the kubelet's and the runtime's own word for it); "" is the one pods get by default.
 */
export function haveUserNamespaces(nodes: readonly V1Node[]): boolean {
  const taking = nodes.filter(({ spec }) => spec?.unschedulable !== true);
  if (taking.length === 0 || nodes.length > MOST_NODES) return false;
  return taking.every(({ status }) =>
    status?.runtimeHandlers?.some(({ name, features }) => (name ?? "") === "" && features?.userNamespaces === true),
  );
}
