/** How a packed context reaches the builder's pod: what a transport adds to the build's objects, and what it sends. */
import type { V1Container, V1PersistentVolumeClaim, V1Volume } from "@kubernetes/client-node";
import { CONTEXT_VOLUME } from "../plan/layout.ts";
import type { ContextForm } from "../plan/layout.ts";
import type { TransportName } from "../plan/transports.ts";
import type { PodSession } from "./pod-session.ts";

export interface Delivery {
  readonly transport: TransportName;
  readonly form: ContextForm;
  /** The pod's volume named CONTEXT_VOLUME; absent for the form `none`. */
  readonly volume?: V1Volume;
  /** The claim behind it. It is made before the build if it does not exist, and kept afterwards. */
  readonly claim?: V1PersistentVolumeClaim;
  /** The part of the volume that belongs to this build, for the containers that mount it besides the receiver. */
  readonly subPath?: string;
  /** The container that receives the context before the builder starts, if any. */
  readonly receiver?: V1Container;
  /** Data for the build's ConfigMap, if any: keys to base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  /** Sends the context into the pod, whose receiver runs. Absent when the context travels with the objects. */
  readonly ship?: (session: PodSession) => Promise<Shipped>;
}

export interface Shipped {
  /** Bytes sent, compressed. */
  readonly bytes: number;
  /** Attempts it took, 1 to 3. */
  readonly attempts: number;
}

/** Nothing travels: no volume, no receiver, no exec. The builder fetches its context itself. */
export const NO_DELIVERY: Delivery = { transport: "none", form: "none" };

/** Nothing travels, and the pod's context is an empty directory: for a pod that builds nothing. */
export const EMPTY_DELIVERY: Delivery = {
  transport: "none",
  form: "directory",
  volume: { name: CONTEXT_VOLUME, emptyDir: {} },
};
