/**
 * Deletes what a build no longer needs. What is deleted is proven to be the build's: by the uid that the API server gave it, by
 * Kubernetes' garbage collector, which compares uids, or by a name that is a hash of the build's name (inputs-name.ts). Has its own
 * time limit: the build's signal may have been aborted.
 */
import type { V1Job } from "@kubernetes/client-node";
import { httpStatusOf } from "../lib/kube/refusal.ts";
import type { Cluster, ObjectIdentity } from "../lib/kube/cluster.ts";
import { inputsName } from "../plan/inputs-name.ts";
import { identityOf } from "./identity.ts";
import { isSlipways } from "./labels.ts";

/** After this time the rest is left to the Job's TTL. */
const REMOVE_TIMEOUT_MS = 5000;

/** An object that the pod mounts, and has a copy of once its containers run: the credentials or the context. */
export interface Input extends ObjectIdentity {
  readonly kind: "secrets" | "configmaps";
}

export async function removeInputs(cluster: Cluster, inputs: readonly Input[]): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  await Promise.all(inputs.map((input) => cluster.remove(input.kind, input, signal)));
}

/** The same for a build that this client did not start: deletes the ones that exist. */
export async function removeInputsOf(cluster: Cluster, build: string): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  const name = inputsName(build);
  await Promise.all([cluster.removeNamed("secrets", name, signal), cluster.removeNamed("configmaps", name, signal)]);
}

/** The whole build: its inputs at once, so that no password outlives it, then its Job, and with it all that the Job owns. */
async function removeBuild(cluster: Cluster, job: ObjectIdentity, inputs: readonly Input[]): Promise<void> {
  await removeInputs(cluster, inputs);
  await cluster.remove("jobs", job, AbortSignal.timeout(REMOVE_TIMEOUT_MS));
}

/** The same for a build that this client did not start. */
export async function removeBuildOf(cluster: Cluster, job: ObjectIdentity): Promise<void> {
  await removeInputsOf(cluster, job.name);
  await cluster.remove("jobs", job, AbortSignal.timeout(REMOVE_TIMEOUT_MS));
}

/** Removes what was started; `started` is undefined if not even the Job is known to exist. */
export async function removeStarted(
  cluster: Cluster,
  name: string,
  started: { readonly job: V1Job; readonly inputs: readonly Input[] } | undefined,
): Promise<void> {
  if (started === undefined) await removeIfCreated(cluster, name);
  else await removeBuild(cluster, identityOf(started.job), started.inputs);
}

/** Removes the Job if there is one after all: the answer to the request that creates it was lost. Its name is random, so it is ours. */
async function removeIfCreated(cluster: Cluster, name: string): Promise<void> {
  const job = await cluster.read("jobs", name, AbortSignal.timeout(REMOVE_TIMEOUT_MS)).catch((error: unknown) => {
    if (httpStatusOf(error) === 404) return undefined;
    throw error;
  });
  if (job !== undefined && isSlipways(job)) {
    await cluster.remove("jobs", identityOf(job), AbortSignal.timeout(REMOVE_TIMEOUT_MS));
  }
}
