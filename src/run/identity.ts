/**
 * Decides which objects belong to a build. Every user can write labels, but only the API server assigns uids. The Job's controller
 * writes the Job's uid into each pod that it makes; the pods of other users' Jobs get other uids.
 */
import type { V1Pod } from "@kubernetes/client-node";
import type { ObjectIdentity } from "../lib/kube/cluster.ts";

interface Identified {
  readonly metadata?: { readonly name?: string; readonly uid?: string };
}

/** RFC 9562, in the form that Kubernetes writes. */
const UID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text has the form of a uid, so that it can be part of a file's name. */
export function isUid(text: string): boolean {
  return UID.test(text);
}

/** The identity of an object that the API server returned. */
export function identityOf({ metadata }: Identified): ObjectIdentity {
  return { name: metadata?.name ?? "", uid: metadata?.uid ?? "" };
}

/** The Job that made a pod; undefined for a pod that no Job made. */
export function jobOf({ metadata }: Pick<V1Pod, "metadata">): ObjectIdentity | undefined {
  return metadata?.ownerReferences?.find(({ kind, controller }) => kind === "Job" && controller === true);
}

/** Whether this Job made the pod. */
export function isPodOf(pod: V1Pod, job: ObjectIdentity): boolean {
  return job.uid !== "" && jobOf(pod)?.uid === job.uid;
}

/** Whether a pod still counts: a Job makes another one only when this one is being deleted. */
function counts({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp === undefined;
}

/**
 * The pod of this Job among pods.
 * @returns "several" when more than one pod that is not being deleted has the Job's uid: the Job makes only one, so a stranger who may
 *   make pods made the others
 */
export function podOf(pods: readonly V1Pod[], job: ObjectIdentity): V1Pod | "several" | undefined {
  const own = pods.filter((pod) => isPodOf(pod, job));
  const counting = own.filter(counts);
  if (counting.length > 1) return "several";
  return counting[0] ?? own[0];
}
