/** A pod, and all that a conversation with it needs. */
import type { Emit } from "../events.ts";
import type { Cluster } from "../lib/kube/cluster.ts";

export interface PodSession {
  readonly cluster: Cluster;
  /** The pod's name. */
  readonly pod: string;
  readonly emit: Emit;
  /** Ends the conversation when it is aborted. */
  readonly signal: AbortSignal;
}
