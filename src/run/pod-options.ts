/** What the flags ask of the pod itself, whatever builds in it. */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import type { BuildPlan } from "../build/plan.ts";

/** No builder emulates: an image for a platform is built on a node of that platform. */
function nodeSelectorOf({ platform, nodeSelector }: BuildPlan): Record<string, string> {
  if (platform === undefined) return { ...nodeSelector };
  return { "kubernetes.io/os": platform.os, "kubernetes.io/arch": platform.arch, ...nodeSelector };
}

/** Where the pod runs, and under what. */
export function placementOf(plan: BuildPlan): Pick<V1PodSpec, "nodeSelector" | "tolerations" | "runtimeClassName"> {
  const nodeSelector = nodeSelectorOf(plan);
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(plan.tolerations === undefined ? {} : { tolerations: [...plan.tolerations] }),
    ...(plan.runtimeClass === undefined ? {} : { runtimeClassName: plan.runtimeClass }),
  };
}

export function resourcesOf({ resources }: BuildPlan): Pick<V1Container, "resources"> {
  if (resources === undefined) return {};
  return { resources: { requests: { ...resources.requests }, limits: { ...resources.limits } } };
}
