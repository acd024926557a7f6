/** What docker's options ask of the pod itself, whatever builds in it. */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import type { BuildPlan } from "../build/plan.ts";

/** No builder emulates: an image for a platform is built on a node of that platform. */
export function nodeSelectorOf({ platform }: BuildPlan): Pick<V1PodSpec, "nodeSelector"> {
  if (platform === undefined) return {};
  return { nodeSelector: { "kubernetes.io/os": platform.os, "kubernetes.io/arch": platform.arch } };
}

export function resourcesOf({ resources }: BuildPlan): Pick<V1Container, "resources"> {
  if (resources === undefined) return {};
  return { resources: { requests: { ...resources.requests }, limits: { ...resources.limits } } };
}
