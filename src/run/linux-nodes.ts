/** The Linux nodes that may take a build's pod, for decisions about it. */
import type { V1Node } from "@kubernetes/client-node";
import type { ListSelector } from "../lib/kube/cluster.ts";
import type { BuildPlan } from "../plan/plan.ts";

/** With more nodes than this, none is looked at: the list would cost more than the build. */
export const MAX_NODES = 100;

/** The part of a cluster that is asked for nodes. */
export interface NodeSource {
  list(kind: "nodes", selector: ListSelector, signal?: AbortSignal): Promise<readonly V1Node[]>;
}

/** At most one more than MAX_NODES. @throws AuthError if the user may not list nodes, ClusterError if the cluster does not answer */
export function listLinuxNodes(
  { nodeSelector }: Pick<BuildPlan, "nodeSelector">,
  cluster: NodeSource,
  signal: AbortSignal,
): Promise<readonly V1Node[]> {
  const labels = Object.entries({ "kubernetes.io/os": "linux", ...nodeSelector }).map(
    ([key, value]) => `${key}=${value}`,
  );
  return cluster.list("nodes", { labelSelector: labels.join(","), limit: String(MAX_NODES + 1) }, signal);
}

/** Asks the cluster each question once, for several decisions of one build. */
export function listedOnce(cluster: NodeSource): NodeSource {
  const answers = new Map<string, Promise<readonly V1Node[]>>();
  return {
    list(kind, selector, signal) {
      const question = JSON.stringify(selector);
      const answer = answers.get(question) ?? cluster.list(kind, selector, signal);
      answers.set(question, answer);
      return answer;
    },
  };
}
