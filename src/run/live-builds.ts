/** Which builds may still read what they were given. */
import type { Cluster } from "../lib/kube/cluster.ts";
import { LABEL, OURS } from "./labels.ts";

/** Names of the builds whose pods have not ended. */
export async function liveBuilds(cluster: Cluster, signal: AbortSignal): Promise<readonly string[]> {
  const pods = await cluster.list("pods", { labelSelector: OURS }, signal);
  return pods.flatMap(({ metadata, status }) =>
    status?.phase === "Succeeded" || status?.phase === "Failed" ? [] : (metadata?.labels?.[LABEL.build] ?? []),
  );
}
