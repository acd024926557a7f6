/** The pod's fields that follow from flags, for every builder. */
import type { V1Affinity, V1Container, V1PodSpec } from "@kubernetes/client-node";
import type { BuildPlan } from "../../plan/plan.ts";
import { LABEL } from "../labels.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/**
 * Every builder runs on Linux, and a cluster may have Windows nodes. Builders do not emulate: an image for a platform is built on a node
 * of that platform.
 */
function nodeSelectorOf({ platform, nodeSelector }: BuildPlan): Record<string, string> {
  const arch = platform === undefined ? {} : { "kubernetes.io/arch": platform.arch };
  return { "kubernetes.io/os": platform?.os ?? "linux", ...arch, ...nodeSelector };
}

/** Where the pod runs, and with which runtime. */
export function placementOf(
  plan: BuildPlan,
): Pick<V1PodSpec, "nodeSelector" | "tolerations" | "runtimeClassName" | "affinity" | "hostUsers"> {
  return {
    nodeSelector: nodeSelectorOf(plan),
    ...(plan.tolerations === undefined ? {} : { tolerations: [...plan.tolerations] }),
    ...omitUndefined({ runtimeClassName: plan.runtimeClass }),
    ...(plan.tenant === undefined ? {} : { affinity: apartFrom(plan.tenant) }),
    ...(plan.userns === "always" ? { hostUsers: false } : {}),
  };
}

export function resourcesOf({ resources }: BuildPlan): Pick<V1Container, "resources"> {
  if (resources === undefined) return {};
  return { resources: { requests: { ...resources.requests }, limits: { ...resources.limits } } };
}

/**
 * Keeps builds of other tenants, and builds without a tenant, off the same node. The scheduler applies this in both directions: it does
 * not put this pod beside such a build, nor such a build beside this pod while it runs, even if that build has no such rule
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
