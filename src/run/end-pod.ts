/** Ends containers that others added to a build's pod, for example a service mesh, and that still run after the builder. */
import type { Cluster, ObjectIdentity } from "../lib/kube/cluster.ts";
import { EXPORTER } from "../ship/export/exporter.ts";

/** After this time the pod is left to the Job's deadline. */
const REQUEST_TIMEOUT_MS = 5000;

/**
 * Gives the pod a deadline that has passed, if anything still runs in it: the kubelet ends it, and the pod stays with its log and the
 * builder's result. Without the right to patch pods, the Job's deadline ends it. Never throws.
 *
 * @param running the containers that ran when the builder's ended
 */
export async function endPod(
  cluster: Pick<Cluster, "patch">,
  pod: ObjectIdentity,
  running: readonly string[],
): Promise<void> {
  // The container that keeps the results ends by itself once they are fetched.
  if (running.every((name) => name === EXPORTER)) return;
  const patch = { spec: { activeDeadlineSeconds: 1 } };
  await cluster.patch("pods", pod, patch, AbortSignal.timeout(REQUEST_TIMEOUT_MS)).catch(() => {});
}
