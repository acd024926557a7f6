/** Why a Job's pod does not appear: the Job's controller reports it only in an event. */
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Cluster, ObjectIdentity } from "../../lib/kube/cluster.ts";
import { explainDenial } from "../../lib/kube/denial.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import type { Waited } from "./unschedulable.ts";

/** A final denial ends the build; a passing one is shown while the build waits. */
export type PodDenial =
  | { readonly kind: "final"; readonly error: ClusterError }
  | { readonly kind: "passing"; readonly waited: Waited };

export function podDenialOf(event: CoreV1Event): PodDenial | undefined {
  if (event.reason !== "FailedCreate") return undefined;
  const message = (event.message ?? "").replace(/^Error creating: /, "").replace(/^pods "[^"]*" is forbidden: /, "");
  const { sentence, suggestions, passes } = explainDenial(message, event.metadata?.namespace) ?? {
    sentence: message,
    suggestions: [],
    passes: true,
  };
  if (passes) return { kind: "passing", waited: { for: "a pod", sentence, suggestions } };
  const error = new ClusterError(`the cluster refuses the builder's pod: ${sentence}`, { suggestions });
  return { kind: "final", error };
}

/**
 * Watches the Job's events until `signal` is aborted. For a user who may not read events it does nothing.
 * @throws ClusterError when the pod is refused for good.
 */
export async function watchDenials(
  cluster: Pick<Cluster, "watch">,
  job: ObjectIdentity,
  onWaiting: (waited: Waited) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const selector = { fieldSelector: `involvedObject.kind=Job,involvedObject.uid=${job.uid}` };
    for await (const change of cluster.watch("events", selector, signal)) {
      for (const event of change.type === "listed" ? change.objects : [change.object]) {
        const denial = podDenialOf(event);
        if (denial?.kind === "final") throw denial.error;
        if (denial !== undefined) onWaiting(denial.waited);
      }
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
  }
}
