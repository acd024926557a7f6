/**
 * The Kubernetes API as the build sees it: a few verbs over a few kinds, promises and async iterables only. A lost
 * connection is always a thrown error, never a silent end. Types come from the client library; its code does not
 * (see kube.ts for the one place that loads it).
 */
import type { Duplex } from "node:stream";
import type {
  V1ConfigMap,
  CoreV1Event,
  V1Job,
  V1LimitRange,
  V1Namespace,
  V1Node,
  V1NetworkPolicy,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
  V1SelfSubjectAccessReview,
  V1SelfSubjectReview,
  V1StorageClass,
} from "@kubernetes/client-node";

/** The kinds slipway touches, by the plural name they have in the API's URLs. */
export interface Kinds {
  jobs: V1Job;
  pods: V1Pod;
  configmaps: V1ConfigMap;
  secrets: V1Secret;
  events: CoreV1Event;
  persistentvolumeclaims: V1PersistentVolumeClaim;
  networkpolicies: V1NetworkPolicy;
  namespaces: V1Namespace;
  resourcequotas: V1ResourceQuota;
  limitranges: V1LimitRange;
  storageclasses: V1StorageClass;
  nodes: V1Node;
  selfsubjectaccessreviews: V1SelfSubjectAccessReview;
  selfsubjectreviews: V1SelfSubjectReview;
}
export type Kind = keyof Kinds;

export interface Selector {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** At most so many objects. */
  readonly limit?: string;
}

export type WatchEvent<T> =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T }
  /** The state was listed anew (first, and after a gap): `objects` replaces all that was known. */
  | { readonly type: "listed"; readonly objects: readonly T[] };

export interface LogLine {
  /** RFC 3339 with nanoseconds, as the kubelet stamped it. */
  readonly timestamp: string;
  /** The line without its line feed. */
  readonly line: string;
}

export interface LogOptions {
  /** Go on to the container's end (the default), or stop at what there is now. */
  readonly follow?: boolean;
}

export interface ExecStreams {
  /** Sent to the process's standard input, then end of file. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /**
   * End standard input by closing the connection where the protocol knows no other way (v4.channel.k8s.io). The exit code is lost
   * then, so the command has to leave its outcome where another can find it. Without this, the command must know by itself when
   * it has read all of it.
   */
  readonly closeToEnd?: boolean;
  readonly stdout?: (chunk: Uint8Array) => void;
  readonly stderr?: (chunk: Uint8Array) => void;
  /** Called with the number of stdin bytes handed to the connection so far. */
  readonly onSent?: (bytes: number) => void;
}

export interface ExecExit {
  /** The process's exit code; undefined where standard input could be ended only by closing the connection, as `closeToEnd` allows. */
  readonly exitCode: number | undefined;
  /** Which websocket protocol was agreed on. Only v5.channel.k8s.io can end standard input by itself. */
  readonly protocol: string;
}

/** A command's standard input and output. Ends when the command does; fails with a ClusterError when the connection is lost. */
export interface Pipe extends Duplex {
  /** The end of what the command wrote to its standard error, or why it could not be run. */
  readonly complaints: string;
}

export interface Cluster {
  /** The namespace every namespaced call goes to. */
  readonly namespace: string;
  /** The API server's URL, for messages. */
  readonly server: string;
  /** The kubeconfig context in use, for messages; undefined in a cluster. */
  readonly context: string | undefined;
  create<K extends Kind>(
    kind: K,
    object: Kinds[K],
    signal?: AbortSignal,
    options?: { dryRun?: boolean },
  ): Promise<Kinds[K]>;
  read<K extends Kind>(kind: K, name: string, signal?: AbortSignal): Promise<Kinds[K]>;
  list<K extends Kind>(kind: K, selector: Selector, signal?: AbortSignal): Promise<readonly Kinds[K][]>;
  /** A JSON merge patch (RFC 7396). */
  patch<K extends Kind>(kind: K, name: string, patch: object, signal?: AbortSignal): Promise<Kinds[K]>;
  /** Deletes it and, in the background, what it owns. Deleting what is gone already is not an error. */
  remove(kind: Kind, name: string, signal?: AbortSignal): Promise<void>;
  /** Lists, then watches, for ever: reconnects and lists anew by itself on any cut. Ends only by `signal` (returns) or by an error that will not pass (throws). */
  watch<K extends Kind>(kind: K, selector: Selector, signal: AbortSignal): AsyncIterable<WatchEvent<Kinds[K]>>;
  /** Follows a container's log from its first line to its end, each line once, over any number of reconnects. The container must have started. `ended` is asked at each end of the stream, and now and then while it is silent: has the container terminated (true), or was the stream merely cut? As the stream ends up to a second before the status says so, `ended` had better wait about so long for a true before it answers false. */
  logs(
    pod: string,
    container: string,
    ended: () => Promise<boolean> | boolean,
    signal: AbortSignal,
    options?: LogOptions,
  ): AsyncIterable<LogLine>;
  exec(
    pod: string,
    container: string,
    command: readonly string[],
    streams: ExecStreams,
    signal: AbortSignal,
  ): Promise<ExecExit>;
  /** Runs a command in a container as a stream. @throws ClusterError or AuthError when the server refuses */
  pipe(pod: string, container: string, command: readonly string[], signal: AbortSignal): Promise<Pipe>;
  /** The API server's version, as it writes it: `v1.36.3`. */
  version(signal?: AbortSignal): Promise<string>;
  /** The time, in milliseconds since 1970, by the API server's clock once it has answered; objects' times are its own, and this machine's may be wrong. */
  now(): number;
  close(): Promise<void>;
}

/** What the API server answered when it refused: its Status object's code and reason, and its message as `said`. `refusalOf(error)` of refusal.ts finds it behind an error. */
export interface ApiRefusal {
  readonly code: number;
  readonly reason: string;
  readonly said: string;
}
