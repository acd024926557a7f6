/** Why a pod on its node does not start: the kubelet reports a volume that it cannot mount only in an event. */
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Cluster, ObjectIdentity } from "../../lib/kube/cluster.ts";
import { AuthError, ClusterError } from "../../errors.ts";

/** A failure that waiting does not cure: everything that a build makes itself exists before its pod is released. */
export function mountFailure(event: CoreV1Event): ClusterError | undefined {
  if (event.reason !== "FailedMount") return undefined;
  const message = event.message ?? "";
  const missing = /(?:secret|configmap) "([^"]+)" not found/.exec(message);
  if (missing !== null) {
    const kind = missing[0].startsWith("secret") ? "Secret" : "ConfigMap";
    return new ClusterError(`the builder's pod cannot start: there is no ${kind} ${missing[1]} in its namespace`, {
      suggestions: ["Check the name in --registry-secret or --secret, and the namespace (-n)."],
    });
  }
  const key = /references non-existent (secret|config) key: (\S+)/.exec(message);
  if (key === null) return undefined;
  return new ClusterError(`the builder's pod cannot start: the Secret it mounts has no key ${key[2]}`, {
    suggestions: [
      "For --registry-secret the Secret has to be of type kubernetes.io/dockerconfigjson: `kubectl create secret docker-registry`.",
    ],
  });
}

/**
 * Watches the pod's events until `signal` is aborted. For a user who may not read events it does nothing.
 * @throws ClusterError when something that the pod mounts does not exist.
 */
export async function watchMounts(cluster: Cluster, pod: ObjectIdentity, signal: AbortSignal): Promise<void> {
  try {
    const selector = { fieldSelector: `involvedObject.kind=Pod,involvedObject.uid=${pod.uid}` };
    for await (const change of cluster.watch("events", selector, signal)) {
      for (const event of change.type === "listed" ? change.objects : [change.object]) {
        const failure = mountFailure(event);
        if (failure !== undefined) throw failure;
      }
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
  }
}
