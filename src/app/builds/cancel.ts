/** Cancels builds, and removes builds with everything they own. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import { identityOf } from "../../run/identity.ts";
import { removeBuildOf } from "../../run/remove.ts";
import { cancelBuild } from "../../run/cancel-build.ts";
import type { FoundBuild } from "./find.ts";

/**
 * Ends each build. Its Job stays as its record, until its TTL expires or somebody removes it.
 * @param by the user who cancels @param onCancelled called with each build's name once it has ended
 * @throws ClusterError or AuthError for the first build that cannot be cancelled
 */
export async function cancelBuilds(
  cluster: Cluster,
  builds: readonly FoundBuild[],
  by: string,
  onCancelled: (name: string) => void,
): Promise<void> {
  for (const { record, job } of builds) {
    await cancelBuild(cluster, job, by);
    onCancelled(record.name);
  }
}

/**
 * Removes each build's Job, and with it the pod, the Secret and the ConfigMap. This stops a build that still runs.
 * @param onRemoved called with each build's name once it is removed
 * @throws ClusterError or AuthError for the first build that cannot be removed
 */
export async function removeBuilds(
  cluster: Cluster,
  builds: readonly FoundBuild[],
  onRemoved: (name: string) => void,
): Promise<void> {
  for (const { record, job } of builds) {
    await removeBuildOf(cluster, identityOf(job));
    onRemoved(record.name);
  }
}
