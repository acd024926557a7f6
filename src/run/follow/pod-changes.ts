/** Yields the one pod of a Job each time it changes; undefined when it is gone. */
import type { V1Pod } from "@kubernetes/client-node";
import { ClusterError } from "../../errors.ts";
import type { Cluster, ObjectIdentity } from "../../lib/kube/cluster.ts";
import { podOf } from "../identity.ts";

/** Set by the Job's controller on its pods (k8s.io/api batch/v1: JobNameLabel). Others may set it as well. */
export const JOB_LABEL = "batch.kubernetes.io/job-name";

/** @throws ClusterError when several pods claim to be the Job's */
export async function* podChanges(
  cluster: Cluster,
  job: ObjectIdentity,
  signal: AbortSignal,
): AsyncIterable<V1Pod | undefined> {
  const pods = new Map<string, V1Pod>();
  let last: V1Pod | undefined;
  for await (const change of cluster.watch("pods", { labelSelector: `${JOB_LABEL}=${job.name}` }, signal)) {
    if (change.type === "listed") {
      pods.clear();
      for (const pod of change.objects) pods.set(keyOf(pod), pod);
    } else if (change.type === "deleted") pods.delete(keyOf(change.object));
    else pods.set(keyOf(change.object), change.object);
    const pod = podOf([...pods.values()], job);
    if (pod === "several") throw severalPods(job);
    if (pod !== last) yield pod;
    last = pod;
  }
}

function keyOf({ metadata }: V1Pod): string {
  return metadata?.uid ?? metadata?.name ?? "";
}

function severalPods({ name }: ObjectIdentity): ClusterError {
  return new ClusterError(`several pods claim to be the pod of the build ${name}`, {
    suggestions: [
      `A build has only one pod, so somebody else made the others: kubectl get pods -l ${JOB_LABEL}=${name}`,
      "Build in a namespace in which only people you trust may create pods (-n).",
    ],
  });
}
