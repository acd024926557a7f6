/** Why no node takes a pod: the scheduler's message without its counters, and what to do about it. */
import { trimEndChars } from "../../lib/text/linear.ts";

/** The reason why a build cannot start yet. */
export interface Waited {
  readonly for: "a node" | "a pod";
  /** Follows "waiting for a node: ". */
  readonly sentence: string;
  readonly suggestions: readonly string[];
}

/** Returns the message that views show during the wait. */
export function waitingMessage({ for: what, sentence }: Waited): string {
  return `waiting for ${what}: ${sentence}`;
}

/** The scheduler's reasons (k8s.io/kubernetes pkg/scheduler/framework/plugins/…), each with its remedy. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /Insufficient (?:cpu|memory|ephemeral-storage|\S+\/\S+)/,
    "Request less (--memory, --cpu-quota, --requests), end builders that you keep (slipway keep stop --all), or wait until other pods have ended or a node is added.",
  ],
  [
    /anti-affinity/,
    "The nodes run builds of other tenants, and --isolate keeps this build apart from them: wait until they have ended, or add a node.",
  ],
  [/Too many pods/, "Wait until other pods have ended, or add a node."],
  [/were unschedulable/, "Nodes are cordoned: see `kubectl get nodes`, then `kubectl uncordon NODE`."],
  [/untolerated taint/, "Nodes have a taint that the pod does not tolerate: see `kubectl describe nodes`."],
  [
    // The first since Kubernetes 1.33.
    /didn't match PersistentVolume's node affinity|volume node affinity conflict/,
    "The build's volume can be mounted on another node only: let the pod run there, or name another volume.",
  ],
  [
    /didn't match (?:Pod's )?node (?:affinity|selector)/i,
    "The pod asks for labels that nodes lack: see `kubectl get nodes --show-labels`.",
  ],
  [
    /unbound immediate PersistentVolumeClaims|didn't find available persistent volumes|storageclass/i,
    "Name a storage class that can provide the volume with --storage-class, or use --transport stream.",
  ],
  [/no nodes available/, "The cluster has no nodes: wait until one has joined."],
];

/** A queue such as Kueue suspends a Job when it is created, and releases it later. */
export function suspended({ name }: { readonly name: string }, namespace: string): Waited {
  return {
    for: "a pod",
    sentence: "the Job is suspended, as a queue does until there is room",
    suggestions: [
      `See what suspended it: kubectl describe job ${name} -n ${namespace}`,
      "Or build in a namespace without a queue (-n).",
    ],
  };
}

export function explainUnschedulable(message: string): Waited {
  const end = message.search(/(?:preemption|no new claims to deallocate)\b/);
  const sentence = trimEndChars(end < 0 ? message : message.slice(0, end), " \t\r\n.,");
  return {
    for: "a node",
    sentence,
    suggestions: REMEDIES.flatMap(([pattern, remedy]) => (pattern.test(message) ? [remedy] : [])),
  };
}
