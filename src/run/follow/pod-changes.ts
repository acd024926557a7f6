/** Yields the one pod of a Job each time it changes; undefined when it is gone. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../../lib/kube/cluster.ts";

/** Set by the Job's controller on its pods (k8s.io/api batch/v1: JobNameLabel). */
export const JOB_LABEL = "batch.kubernetes.io/job-name";

export async function* podChanges(
  cluster: Cluster,
  job: string,
  signal: AbortSignal,
): AsyncIterable<V1Pod | undefined> {
  let known = false;
  for await (const change of cluster.watch("pods", { labelSelector: `${JOB_LABEL}=${job}` }, signal)) {
    if (change.type === "listed") {
      const pod = change.objects[0];
      if (pod !== undefined || known) yield pod;
      known ||= pod !== undefined;
    } else {
      known = true;
      yield change.type === "deleted" ? undefined : change.object;
    }
  }
}
