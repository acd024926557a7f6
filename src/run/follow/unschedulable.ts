/** Why no node takes a pod, in the scheduler's own words without its bookkeeping, and what to do about it. */

/** What a build waits for before it can begin, or waited for in vain. */
export interface Waited {
  readonly for: "a node" | "a pod";
  /** Goes after "waiting for a node: ". */
  readonly sentence: string;
  readonly suggestions: readonly string[];
}

/** The scheduler's reasons (k8s.io/kubernetes pkg/scheduler/framework/plugins/…), each with its remedy. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /Insufficient (?:cpu|memory|ephemeral-storage|\S+\/\S+)/,
    "Ask for less (--memory and its like), or wait until other work has ended or a node is added.",
  ],
  [
    /anti-affinity/,
    "Nodes have builds of other tenants, beside which --isolate does not build: wait until these have ended, or add a node.",
  ],
  [/Too many pods/, "Wait until other pods have ended, or add a node."],
  [/were unschedulable/, "Nodes are cordoned: `kubectl get nodes`, and `kubectl uncordon NODE`."],
  [/untolerated taint/, "Nodes have a taint that the pod does not tolerate: `kubectl describe nodes`."],
  [
    /didn't match (?:Pod's )?node (?:affinity|selector)/i,
    "No node has what the pod asks for: `kubectl get nodes --show-labels`.",
  ],
  [
    /unbound immediate PersistentVolumeClaims|didn't find available persistent volumes|storageclass/i,
    "Name a storage class that can provide the volume with --storage-class, or use --transport stream.",
  ],
  [/no nodes available/, "The cluster has no node: wait until one has joined."],
];

export function explainUnschedulable(message: string): Waited {
  const sentence = message.replace(/\s*(?:preemption|no new claims to deallocate)\b.*$/s, "").replace(/[\s.,]+$/, "");
  return {
    for: "a node",
    sentence,
    suggestions: REMEDIES.flatMap(([pattern, remedy]) => (pattern.test(message) ? [remedy] : [])),
  };
}
