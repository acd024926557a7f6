/** How a packed context reaches the builder's pod. One file each, chosen by choose.ts. */
import type { V1Container, V1PersistentVolumeClaim, V1Volume } from "@kubernetes/client-node";
import type { Cluster } from "../cluster/cluster.ts";
import type { Emit } from "../build/events.ts";

/** Those that may be asked for. */
export const TRANSPORTS = ["configmap", "stream", "pvc", "cache"] as const;
export type TransportName = (typeof TRANSPORTS)[number] | "none";

/** Name of the pod's volume that holds the context, whatever the transport. */
export const CONTEXT_VOLUME = "context";
/** Name of the archive in a ConfigMap. */
export const ARCHIVE_FILE = "context.tar.gz";
/** In the archive, and so under the volume: the context's files. */
export const CONTEXT_DIR = "context";
/** In the archive: the Dockerfile and an ignore file with only a comment, beside the context. */
export const DOCKERFILE_DIR = "dockerfile";
/** In the archive: the directories of `--build-context`, each under its number. */
export const NAMED_DIR = "contexts";
/** Under a receiving volume, what was received whole and verified. */
export const READY_DIR = "ready";

/** In what form the builder finds the context on the volume. */
export type ContextForm =
  /** A tar.gz named ARCHIVE_FILE at the root of the volume. */
  | "archive"
  /** Unpacked below READY_DIR. */
  | "directory"
  /** Not at all: the builder fetches the plan's repository. */
  | "none";

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
