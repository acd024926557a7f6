/** When a Job's pod does not appear: the Job's controller says why in an event, and nowhere else. */
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Cluster } from "../cluster/cluster.ts";
import { AuthError, ClusterError } from "../errors.ts";

/** What to make of it: an error ends the build, a sentence is shown while waiting goes on. */
export type Refusal =
  | { readonly kind: "final"; readonly error: ClusterError }
  | { readonly kind: "passing"; readonly message: string };

export function refusalOf(event: CoreV1Event): Refusal | undefined {
  if (event.reason !== "FailedCreate") return undefined;
  const message = (event.message ?? "").replace(/^Error creating: /, "").replace(/^pods "[^"]*" is forbidden: /, "");
  if (/violates PodSecurity/.test(message)) {
    return {
      kind: "final",
      error: new ClusterError(`the namespace's Pod Security level refuses the builder's pod: ${message}`, {
        suggestions: [
          "Build in a namespace whose level is baseline or privileged (label pod-security.kubernetes.io/enforce).",
        ],
      }),
    };
  }
  if (/exceeded quota/.test(message))
    return { kind: "passing", message: `waiting for room in the namespace's quota: ${message}` };
  if (/(?:admission webhook|ValidatingAdmissionPolicy) .* denied (?:the )?request/.test(message)) {
    return {
      kind: "final",
      error: new ClusterError(`the cluster's policy refuses the builder's pod: ${message}`, {
        suggestions: ["Ask whoever runs the cluster about this policy, or build in another namespace (-n)."],
      }),
    };
  }
  // Neither changes by waiting: they are about what this pod asks for.
  const limits =
    /failed quota: [^:]+: must specify|(?:minimum|maximum) \S+ usage per (?:Container|Pod) is|max limit to request ratio per/;
  if (limits.test(message)) {
    return {
      kind: "final",
      error: new ClusterError(`the namespace's limits refuse the builder's pod: ${message}`, {
        suggestions: [
          "See them: `kubectl describe limitrange,quota`. Set what the builder asks for with --memory and its like.",
        ],
      }),
    };
  }
  const missing = /no PriorityClass with name (\S+) was found|RuntimeClass "([^"]+)" not found/.exec(message);
  if (missing !== null) {
    const [, priority, runtime] = missing;
    const what = priority === undefined ? `RuntimeClass ${runtime}` : `PriorityClass ${priority}`;
    return {
      kind: "final",
      error: new ClusterError(`the cluster has no ${what}, which the build's pod asks for`, {
        suggestions: [
          `See what there is: \`kubectl get ${priority === undefined ? "runtimeclasses" : "priorityclasses"}\`.`,
        ],
      }),
    };
  }
  if (/because it is being terminated/.test(message)) {
    return {
      kind: "final",
      error: new ClusterError(`the namespace is being deleted: ${message}`, {
        suggestions: ["Build in another namespace (-n)."],
      }),
    };
  }
  return { kind: "passing", message: `waiting for the pod to be created: ${message}` };
}

/**
 * Watches the Job's events until `signal`. A user who may not read events simply hears less.
 * @throws ClusterError when the pod is refused for good.
 */
export async function watchRefusals(
  cluster: Cluster,
  job: string,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const selector = { fieldSelector: `involvedObject.kind=Job,involvedObject.name=${job}` };
    for await (const change of cluster.watch("events", selector, signal)) {
      for (const event of change.type === "listed" ? change.objects : [change.object]) {
        const refusal = refusalOf(event);
        if (refusal?.kind === "final") throw refusal.error;
        if (refusal !== undefined) say(refusal.message);
      }
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
  }
}
