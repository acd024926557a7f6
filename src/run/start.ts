/** Creates a build's objects in an order in which a client that dies at any point leaves nothing behind for good. */
import type {
  V1ConfigMap,
  V1Job,
  V1NetworkPolicy,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1Secret,
} from "@kubernetes/client-node";
import type { Cluster, ObjectIdentity } from "../lib/kube/cluster.ts";
import { httpStatusOf } from "../lib/kube/refusal.ts";
import { identityOf } from "./identity.ts";
import type { BuildObjects } from "./objects.ts";
import type { Input } from "./remove.ts";

export interface StartedBuild {
  readonly job: V1Job;
  /** The objects created so far that the pod mounts. */
  readonly inputs: readonly Input[];
  /** Everything that the pod mounts exists. Until then its scheduling gate holds it back, if it has one. */
  readonly complete: Promise<void>;
  /** The pod has a scheduling gate and must be released once everything exists. */
  readonly gated: boolean;
}

/**
 * The Job is created first, then what it owns: so every object has an owner from its first moment, whose deadline and TTL end it.
 * The Job's controller makes the pod while the others are created.
 * @throws what creating the Job throws: nothing else was created then
 */
export async function startBuild(cluster: Cluster, objects: BuildObjects, signal: AbortSignal): Promise<StartedBuild> {
  const job = await cluster.create("jobs", objects.job, signal);
  const ownerReferences = [ownerOf(job)];
  const own = <T extends V1ConfigMap | V1NetworkPolicy | V1Secret>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences },
  });
  const rest: Promise<unknown>[] = [];
  const inputs: Input[] = [];
  const note = (kind: Input["kind"], creating: Promise<V1ConfigMap | V1Secret>): void => {
    rest.push(creating.then((made) => inputs.push({ kind, ...identityOf(made) })));
  };
  if (objects.configMap !== undefined) note("configmaps", cluster.create("configmaps", own(objects.configMap), signal));
  if (objects.secret !== undefined) note("secrets", cluster.create("secrets", own(objects.secret), signal));
  if (objects.networkPolicy !== undefined) {
    rest.push(cluster.create("networkpolicies", own(objects.networkPolicy), signal));
  }
  const gated = rest.length > 0;
  for (const claim of objects.claims ?? []) rest.push(ensureClaim(cluster, claim, signal));
  return { job, inputs, complete: Promise.all(rest).then(() => undefined), gated };
}

/** Creates the claim unless it exists. A pod that mounts it waits for it without a gate. */
async function ensureClaim(cluster: Cluster, claim: V1PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  try {
    await cluster.create("persistentvolumeclaims", claim, signal);
  } catch (error) {
    if (httpStatusOf(error) !== 409) throw error;
  }
}

/** Removes a pod's scheduling gate. */
export async function releasePod(cluster: Cluster, pod: ObjectIdentity, signal: AbortSignal): Promise<void> {
  await cluster.patch("pods", pod, { spec: { schedulingGates: [] } }, signal);
}

function ownerOf(job: V1Job): V1OwnerReference {
  return { apiVersion: "batch/v1", kind: "Job", ...identityOf(job) };
}
