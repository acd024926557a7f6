/** How a packed context reaches the builder's pod. One file each, chosen by choose.ts. */
import type { V1Container, V1PersistentVolumeClaim, V1Volume } from "@kubernetes/client-node";
import type { Cluster } from "../lib/kube/cluster.ts";
import type { Emit } from "../events.ts";
import type { ContextForm, TransportName } from "../plan/layout.ts";

export interface Delivery {
  readonly transport: TransportName;
  readonly form: ContextForm;
  /** The pod's volume named CONTEXT_VOLUME; absent for the form `none`. */
  readonly volume?: V1Volume;
  /** The claim behind it, made before the build where it is not there, and kept. */
  readonly claim?: V1PersistentVolumeClaim;
  /** The part of the volume that is this build's, for whoever mounts it besides the receiver. */
  readonly subPath?: string;
  /** The container that receives it before the builder starts, if any. */
  readonly receiver?: V1Container;
  /** What goes into the build's ConfigMap, if anything: keys to base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  /** Brings the context into the pod whose receiver runs. Absent when it travels with the objects. */
  readonly ship?: (cluster: Cluster, pod: string, emit: Emit, signal: AbortSignal) => Promise<Shipped>;
}

export interface Shipped {
  /** Bytes sent, compressed. */
  readonly bytes: number;
  /** Tries it took, 1 to 3. */
  readonly attempts: number;
}
