/** Decides `--userns auto`: asks the nodes whether pods can have a user namespace of their own. */
import type { V1Node } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { candidatesOf } from "../plan/transports.ts";
import { MAX_NODES, listLinuxNodes } from "./linux-nodes.ts";
import type { NodeSource } from "./linux-nodes.ts";

/**
 * The plan with `userns` decided, by at most one request. A user who may not list nodes gets no user namespace. Never throws:
 * later requests report a cluster that cannot be reached.
 */
export async function decideUserns(plan: BuildPlan, cluster: NodeSource, signal: AbortSignal): Promise<BuildPlan> {
  if (plan.userns !== "auto") return plan;
  const { userns: _, ...without } = plan;
  // Another runtime reports nothing under this name, and not every volume can be mounted in a user namespace.
  if (plan.runtimeClass !== undefined || !volumesShare(plan)) return without;
  const nodes = await listLinuxNodes(plan, cluster, signal).catch(() => []);
  return haveUserNamespaces(nodes) ? { ...plan, userns: "always" } : without;
}

/** Whether all volumes of the pod can be mounted in a user namespace. */
function volumesShare({ transport, cacheVolume }: BuildPlan): boolean {
  return cacheVolume === undefined && candidatesOf(transport).every(({ sharesUserNamespace }) => sharesUserNamespace);
}

/**
 * Whether a pod may have its own user namespace, from the nodes' status. Every node that takes pods must support it, because the
 * scheduler does not know which do. A node reports it for each of its runtimes (node.status.runtimeHandlers, since Kubernetes 1.31:
 * both the kubelet and the runtime support it); "" is the runtime that pods get by default. Pure.
 */
export function haveUserNamespaces(nodes: readonly V1Node[]): boolean {
  const taking = nodes.filter(({ spec }) => spec?.unschedulable !== true);
  if (taking.length === 0 || nodes.length > MAX_NODES) return false;
  return taking.every(({ status }) =>
    status?.runtimeHandlers?.some(({ name, features }) => (name ?? "") === "" && features?.userNamespaces === true),
  );
}
