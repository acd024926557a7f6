/** What the flags ask of the pod itself, whatever builds in it. */
import type { V1Affinity, V1Container, V1PodSpec } from "@kubernetes/client-node";
import type { BuildPlan } from "../../plan/plan.ts";
import { LABEL } from "../labels.ts";

/** No builder emulates: an image for a platform is built on a node of that platform. */
function nodeSelectorOf({ platform, nodeSelector }: BuildPlan): Record<string, string> {
  if (platform === undefined) return { ...nodeSelector };
  return { "kubernetes.io/os": platform.os, "kubernetes.io/arch": platform.arch, ...nodeSelector };
}

/** Where the pod runs, and under what. */
export function placementOf(
  plan: BuildPlan,
): Pick<V1PodSpec, "nodeSelector" | "tolerations" | "runtimeClassName" | "affinity" | "hostUsers"> {
  const nodeSelector = nodeSelectorOf(plan);
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(plan.tolerations === undefined ? {} : { tolerations: [...plan.tolerations] }),
    ...(plan.runtimeClass === undefined ? {} : { runtimeClassName: plan.runtimeClass }),
    ...(plan.tenant === undefined ? {} : { affinity: apartFrom(plan.tenant) }),
    ...(plan.userns === "always" ? { hostUsers: false } : {}),
  };
}

export function resourcesOf({ resources }: BuildPlan): Pick<V1Container, "resources"> {
  if (resources === undefined) return {};
  return { resources: { requests: { ...resources.requests }, limits: { ...resources.limits } } };
}

/**
 * No build of another tenant, nor one of none, on the same node. The scheduler holds it in both directions: neither is this pod
 * put beside such a build, nor such a build beside this pod while it runs, whatever that one asks for itself
 * (pkg/scheduler/framework/plugins/interpodaffinity: existing pods' anti-affinity).
 */
function apartFrom(tenant: string): V1Affinity {
  const labelSelector = {
    matchLabels: { [LABEL.managedBy]: "slipway" },
    matchExpressions: [{ key: LABEL.tenant, operator: "NotIn", values: [tenant] }],
  };
  const term = { labelSelector, namespaceSelector: {}, topologyKey: "kubernetes.io/hostname" };
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
}
