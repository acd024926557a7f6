/** Takes away what a build no longer needs. Runs on its own deadline: the build's signal may have been the reason to call it. */
import type { Cluster } from "../lib/kube/cluster.ts";
import type { BuildObjects } from "./objects.ts";

/** Time for the cluster to answer, in milliseconds, before the rest is left to the Job's TTL. */
const PATIENCE = 5000;

/** What the pod mounts, and has a copy of once its containers run: the credentials and the context. */
export async function removeInputs(cluster: Cluster, objects: BuildObjects): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE);
  const name = objects.job.metadata?.name ?? "";
  await Promise.all([
    objects.secret === undefined ? undefined : cluster.remove("secrets", name, signal),
    objects.configMap === undefined ? undefined : cluster.remove("configmaps", name, signal),
  ]);
}

/** The same for a build known by its name alone: whichever of them there are. */
export async function removeInputsOf(cluster: Cluster, build: string): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE);
  await Promise.all([cluster.remove("secrets", build, signal), cluster.remove("configmaps", build, signal)]);
}

/** The whole build: its Job, and by it the pod and all else it owns. */
export async function removeBuild(cluster: Cluster, objects: BuildObjects): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE);
  await removeInputs(cluster, objects);
  await cluster.remove("jobs", objects.job.metadata?.name ?? "", signal);
}

/** The same for a build known by its name alone. Its Secret goes by name, so that no password outlives the wish to be rid of it. */
export async function removeBuildOf(cluster: Cluster, build: string): Promise<void> {
  await removeInputsOf(cluster, build);
  await cluster.remove("jobs", build, AbortSignal.timeout(PATIENCE));
}
