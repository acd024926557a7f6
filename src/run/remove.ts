/** Deletes what a build no longer needs. Has its own time limit: the build's signal may have been aborted. */
import type { Cluster } from "../lib/kube/cluster.ts";
import type { BuildObjects } from "./objects.ts";

/** After this time the rest is left to the Job's TTL. */
const REMOVE_TIMEOUT_MS = 5000;

/** What the pod mounts, and has a copy of once its containers run: the credentials and the context. */
export async function removeInputs(cluster: Cluster, objects: BuildObjects): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  const name = objects.job.metadata?.name ?? "";
  await Promise.all([
    objects.secret === undefined ? undefined : cluster.remove("secrets", name, signal),
    objects.configMap === undefined ? undefined : cluster.remove("configmaps", name, signal),
  ]);
}

/** The same for a build of which only the name is known: deletes the ones that exist. */
export async function removeInputsOf(cluster: Cluster, build: string): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  await Promise.all([cluster.remove("secrets", build, signal), cluster.remove("configmaps", build, signal)]);
}

/** The whole build: its Job, and with it the pod and everything else that it owns. */
export async function removeBuild(cluster: Cluster, objects: BuildObjects): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  await removeInputs(cluster, objects);
  await cluster.remove("jobs", objects.job.metadata?.name ?? "", signal);
}

/** The same for a build of which only the name is known. Its Secret is deleted by name first, so that no password outlives it. */
export async function removeBuildOf(cluster: Cluster, build: string): Promise<void> {
  await removeInputsOf(cluster, build);
  await cluster.remove("jobs", build, AbortSignal.timeout(REMOVE_TIMEOUT_MS));
}
