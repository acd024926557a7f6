/**
 * The Kubernetes API for a build: a few verbs over a few kinds, with promises and async iterables only. A lost
 * connection always throws an error, and never ends silently. Only types come from the client library
 * (authenticator.ts is the only file that loads its code).
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

/** The kinds that slipway uses, by their plural names in the API's URLs. */
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

/** Which object is meant: a name may be that of another object later, a uid never. */
export interface ObjectIdentity {
  readonly name: string;
  readonly uid: string;
}

export interface Selector {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** The largest number of objects. */
  readonly limit?: string;
}

export interface ListSelector extends Selector {
  /** The objects of every namespace. Needs the right in the whole cluster. */
  readonly allNamespaces?: boolean;
}

export type WatchEvent<T> =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T }
  /** A new list (at first, and after a gap): `objects` replaces everything known before. */
  | { readonly type: "listed"; readonly objects: readonly T[] };

export interface LogLine {
  /** RFC 3339 with nanoseconds, from the kubelet. */
  readonly timestamp: string;
  /** The line without its line feed. */
  readonly line: string;
}

export interface LogOptions {
  /** True (the default): read until the container ends. False: stop at the current end of the log. */
  readonly follow?: boolean;
}

export interface ExecStreams {
  /** Bytes for the process's standard input, followed by its end. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /**
   * End standard input by closing the connection if the protocol has no other way (v4.channel.k8s.io). The exit code is lost
   * then, so the command has to store its outcome elsewhere. Without this, the command must detect the end of its input itself.
   */
  readonly closeToEnd?: boolean;
  readonly stdout?: (chunk: Uint8Array) => void;
  readonly stderr?: (chunk: Uint8Array) => void;
  /** Called with the number of stdin bytes passed to the connection so far. */
  readonly onSent?: (bytes: number) => void;
}

export interface ExecExit {
  /** The process's exit code; undefined if the connection was closed to end standard input (see `closeToEnd`). */
  readonly exitCode: number | undefined;
  /** The negotiated websocket protocol. Only v5.channel.k8s.io can end standard input without closing the connection. */
  readonly protocol: string;
}

/** A command's standard input and output, or a connection to a port. Ends when they do; fails with a ClusterError when the connection is lost. */
export interface Pipe extends Duplex {
  /** The end of what the command wrote to its standard error, or why it could not be run, or why nothing answers at the port. */
  readonly complaints: string;
}

export interface Cluster extends AsyncDisposable {
  /** The namespace of every namespaced call. */
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
  list<K extends Kind>(kind: K, selector: ListSelector, signal?: AbortSignal): Promise<readonly Kinds[K][]>;
  /** A JSON merge patch (RFC 7396). It changes only the object with this uid: with another uid it is refused (422). */
  patch<K extends Kind>(kind: K, object: ObjectIdentity, patch: object, signal?: AbortSignal): Promise<Kinds[K]>;
  /**
   * Deletes the object with this uid and, in the background, what it owns. An object that does not exist is not an error, and one
   * with the same name and another uid stays.
   */
  remove(kind: Kind, object: ObjectIdentity, signal?: AbortSignal): Promise<void>;
  /** Deletes the object with this name. Only for names that no user can make equal to the name of another user's object. */
  removeNamed(kind: Kind, name: string, signal?: AbortSignal): Promise<void>;
  /** Lists, then watches without end. Reconnects and lists again after a lost connection. Returns when `signal` is aborted; throws for a permanent error. */
  watch<K extends Kind>(kind: K, selector: Selector, signal: AbortSignal): AsyncIterable<WatchEvent<Kinds[K]>>;
  /**
   * Follows a container's log from its first line to its end, each line once, over any number of reconnects. The container must
   * have started.
   * @param ended tells whether the container has terminated. It is called at each end of the stream and regularly while the stream
   *   is silent. The stream ends up to a second before the status changes, so it should wait about a second before it
   *   returns false.
   */
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
  /** Connects to a port of the pod's loopback interface. @throws ClusterError or AuthError when the server refuses */
  port(pod: string, port: number, signal: AbortSignal): Promise<Pipe>;
  /** The API server's version, as it writes it: `v1.36.3`. */
  version(signal?: AbortSignal): Promise<string>;
  /** The time of the API server's clock in milliseconds since 1970; this machine's time until the server has answered. Times of objects come from the server, and this machine's clock may be wrong. */
  now(): number;
  /** Closes its connections; the end of an `await using` does the same. */
  close(): Promise<void>;
}

/** A refusal of the API server: code and reason of its Status object, and its message as `reported`. `refusalOf(error)` of refusal.ts finds it behind an error. */
export interface ApiRefusal {
  readonly code: number;
  readonly reason: string;
  readonly reported: string;
}
