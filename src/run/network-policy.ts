/** The NetworkPolicy of one build: its pod may connect to what the plan allows, and nothing may connect to its pod. */
import type { V1NetworkPolicy } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { LABEL, labelsOf } from "./labels.ts";

export function networkPolicyOf(plan: BuildPlan): V1NetworkPolicy | undefined {
  if (plan.egress === undefined) return undefined;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: plan.name, labels: labelsOf(plan) },
    spec: {
      podSelector: { matchLabels: { [LABEL.build]: plan.name } },
      // The kubelet's connections, which carry contexts and logs, do not go to the pod's address.
      policyTypes: ["Egress", "Ingress"],
      egress: plan.egress.map(({ to, ports }) => ({
        to: to.map(({ cidr, except }) => ({
          ipBlock: { cidr, ...(except === undefined ? {} : { except: [...except] }) },
        })),
        ...(ports.length === 0 ? {} : { ports: ports.map((entry) => ({ ...entry })) }),
      })),
    },
  };
}
