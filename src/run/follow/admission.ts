/** When a Job's pod does not appear: the Job's controller says why in an event, and nowhere else. */
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { explainDenial } from "../../lib/kube/denial.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import type { Waited } from "./unschedulable.ts";

/** What to make of it: an error ends the build, what may pass is shown while waiting goes on. */
export type PodDenial =
  | { readonly kind: "final"; readonly error: ClusterError }
  | { readonly kind: "passing"; readonly waited: Waited };

export function podDenialOf(event: CoreV1Event): PodDenial | undefined {
  if (event.reason !== "FailedCreate") return undefined;
  const message = (event.message ?? "").replace(/^Error creating: /, "").replace(/^pods "[^"]*" is forbidden: /, "");
  const { sentence, suggestions, passes } = explainDenial(message) ?? {
    sentence: message,
    suggestions: [],
    passes: true,
  };
  if (passes) return { kind: "passing", waited: { for: "a pod", sentence, suggestions } };
  const error = new ClusterError(`the cluster refuses the builder's pod: ${sentence}`, { suggestions });
  return { kind: "final", error };
}

/**
 * Watches the Job's events until `signal`. A user who may not read events simply hears less.
 * @throws ClusterError when the pod is refused for good.
 */
export async function watchDenials(
  cluster: Cluster,
  job: string,
  say: (waited: Waited) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const selector = { fieldSelector: `involvedObject.kind=Job,involvedObject.name=${job}` };
    for await (const change of cluster.watch("events", selector, signal)) {
      for (const event of change.type === "listed" ? change.objects : [change.object]) {
        const denial = podDenialOf(event);
        if (denial?.kind === "final") throw denial.error;
        if (denial !== undefined) say(denial.waited);
      }
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
  }
}
