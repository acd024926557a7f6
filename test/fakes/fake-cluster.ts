/**
 * A cluster that a test plays the part of: it shows objects, writes logs and answers commands when the test says so, and
 * remembers what it was asked. No clock and no network: every awaited event happens when the test triggers it.
 */
import type { Duplex } from "node:stream";
import type { V1Job, V1Pod, V1PodSpec, V1ResourceAttributes, V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import { ClusterError } from "../../src/errors.ts";
import type {
  Cluster,
  ExecExit,
  ExecStreams,
  Kind,
  Kinds,
  ObjectIdentity,
  LogLine,
  Pipe,
  Selector,
  WatchEvent,
} from "../../src/lib/kube/cluster.ts";
import { Feed } from "./feed.ts";

export interface Call {
  readonly verb: "create" | "read" | "list" | "patch" | "remove" | "watch" | "logs" | "exec";
  /** The kind, or the pod. */
  readonly of: string;
  readonly name?: string;
  /** The object sent, the selector asked by, the container or the command. */
  readonly detail?: unknown;
}

export type ExecAnswer = (
  command: readonly string[],
  streams: ExecStreams,
  signal: AbortSignal,
) => Promise<number | undefined>;

/** In a log's feed: the stream is cut here, as a proxy cuts it. */
export const CUT = Symbol("cut");

export class FakeCluster implements Cluster {
  readonly namespace = "team";
  readonly server = "https://fake";
  readonly context = "fake";
  readonly calls: Call[] = [];
  /** Builder output, line by line; its stream ends where the feed is closed. */
  readonly log = new Feed<string | typeof CUT>();
  /** Objects that `read` finds, by kind and name: `jobs/x`. */
  readonly stored = new Map<string, object>();
  /** One per exec, in turn; the last one stays. */
  readonly execs: ExecAnswer[] = [];
  /** One per pipe, in turn. */
  readonly pipes: Duplex[] = [];
  /** One per connection to a port, in turn. */
  readonly ports: (Duplex | Error)[] = [];
  /** The ports that were dialled, each as `POD:PORT`. */
  readonly dialled: string[] = [];
  /** Runs before a verb is carried out; what it throws is the cluster's answer. */
  before: (call: Call) => void | Promise<void> = () => {};
  /** The answer to access reviews. */
  allowed: (asked: V1ResourceAttributes | undefined) => boolean = () => true;
  /** The user that `selfsubjectreviews` reports; undefined: none. */
  userName: string | undefined;
  /** The uid of the Job that was there last. */
  #job = "";
  #template: V1PodSpec | undefined;
  readonly #feeds = new Map<Kind, Feed<WatchEvent<never>>>();

  /** Sends an object, or its change, to all watchers of its kind. */
  show<K extends Kind>(kind: K, type: "added" | "modified" | "deleted", object: Kinds[K]): void {
    this.feed(kind).push({ type, object });
  }

  /** Says that this is all there is, as after a gap. */
  listAnew<K extends Kind>(kind: K, objects: readonly Kinds[K][]): void {
    this.feed(kind).push({ type: "listed", objects });
  }

  feed<K extends Kind>(kind: K): Feed<WatchEvent<Kinds[K]>> {
    const found = this.#feeds.get(kind) ?? new Feed<WatchEvent<never>>();
    this.#feeds.set(kind, found);
    return found;
  }

  seen(verb: Call["verb"], of?: string): readonly Call[] {
    return this.calls.filter((call) => call.verb === verb && (of === undefined || call.of === of));
  }

  async create<K extends Kind>(kind: K, object: Kinds[K]): Promise<Kinds[K]> {
    const name = (object as { metadata?: { name?: string } }).metadata?.name ?? "";
    await this.#note({ verb: "create", of: kind, name, detail: object });
    if (kind === "selfsubjectaccessreviews") {
      const { spec } = object as V1SelfSubjectAccessReview;
      return { spec, status: { allowed: this.allowed(spec.resourceAttributes) } } as Kinds[K];
    }
    if (kind === "selfsubjectreviews") {
      return { status: { userInfo: this.userName === undefined ? {} : { username: this.userName } } } as Kinds[K];
    }
    const known = { uid: `uid-of-${name}`, creationTimestamp: new Date() };
    const made = { ...object, metadata: { ...(object as { metadata?: object }).metadata, ...known } };
    this.stored.set(`${kind}/${name}`, made);
    return made;
  }

  async read<K extends Kind>(kind: K, name: string): Promise<Kinds[K]> {
    await this.#note({ verb: "read", of: kind, name });
    const found = this.stored.get(`${kind}/${name}`);
    if (found === undefined) throw refusal(404, "NotFound", `${kind} "${name}" not found`);
    return found as Kinds[K];
  }

  async list<K extends Kind>(kind: K, selector: Selector): Promise<readonly Kinds[K][]> {
    await this.#note({ verb: "list", of: kind, detail: selector });
    return [...this.stored].flatMap(([path, object]) => (path.startsWith(`${kind}/`) ? [object as Kinds[K]] : []));
  }

  async patch<K extends Kind>(kind: K, { name }: ObjectIdentity, patch: object): Promise<Kinds[K]> {
    await this.#note({ verb: "patch", of: kind, name, detail: patch });
    return {} as Kinds[K];
  }

  async remove(kind: Kind, { name, uid }: ObjectIdentity): Promise<void> {
    await this.#note({ verb: "remove", of: kind, name });
    const found: { metadata?: { uid?: string } } | undefined = this.stored.get(`${kind}/${name}`);
    if (found?.metadata?.uid === uid) this.stored.delete(`${kind}/${name}`);
  }

  async removeNamed(kind: Kind, name: string): Promise<void> {
    await this.#note({ verb: "remove", of: kind, name });
    this.stored.delete(`${kind}/${name}`);
  }

  async *watch<K extends Kind>(kind: K, selector: Selector, signal: AbortSignal): AsyncIterable<WatchEvent<Kinds[K]>> {
    await this.#note({ verb: "watch", of: kind, detail: selector });
    for await (const event of this.feed(kind).read(signal))
      yield kind === "pods" ? (this.#owned(event as WatchEvent<V1Pod>) as typeof event) : event;
  }

  /** What the Job's controller does: a pod without an owner belongs to the one Job, and has the containers of its template. */
  #owned(event: WatchEvent<V1Pod>): WatchEvent<V1Pod> {
    const [path, job] = [...this.stored].find(([stored]) => stored.startsWith("jobs/")) ?? [];
    if (path !== undefined) {
      this.#job = (job as V1Job).metadata?.uid ?? this.#job;
      this.#template = (job as V1Job).spec?.template.spec ?? this.#template;
    }
    const own = (pod: V1Pod): V1Pod => {
      const owner = { apiVersion: "batch/v1", kind: "Job", name: "", uid: this.#job, controller: true };
      if (pod.metadata?.ownerReferences !== undefined) return pod;
      const containers = pod.spec?.containers.length === 0 ? this.#template?.containers : pod.spec?.containers;
      const spec = { ...this.#template, ...pod.spec, containers: containers ?? [] };
      return { ...pod, spec, metadata: { ...pod.metadata, ownerReferences: [owner] } };
    };
    return event.type === "listed"
      ? { ...event, objects: event.objects.map(own) }
      : { ...event, object: own(event.object) };
  }

  async *logs(
    pod: string,
    container: string,
    ended: () => Promise<boolean> | boolean,
    signal: AbortSignal,
  ): AsyncIterable<LogLine> {
    await this.#note({ verb: "logs", of: pod, detail: container });
    let lines = 0;
    for await (const line of this.log.read(signal)) {
      if (line === CUT) {
        if (await ended()) return;
      } else {
        yield { line, timestamp: `2026-01-01T00:00:00.${String((lines += 1)).padStart(9, "0")}Z` };
      }
    }
    while (!signal.aborted && !(await ended()));
  }

  async port(pod: string, port: number): Promise<Pipe> {
    this.dialled.push(`${pod}:${port}`);
    const opened = this.ports.shift();
    if (opened instanceof Error) throw opened;
    if (opened === undefined) throw new ClusterError(`nothing listens at the port ${port}`);
    return Object.assign(opened, { complaints: "" });
  }

  async pipe(pod: string, container: string, command: readonly string[]): Promise<Pipe> {
    await this.#note({ verb: "exec", of: pod, name: container, detail: command });
    const opened = this.pipes.shift();
    if (opened === undefined) throw refusal(404, "NotFound", `pods "${pod}" not found`);
    return Object.assign(opened, { complaints: "" });
  }

  async exec(
    pod: string,
    container: string,
    command: readonly string[],
    streams: ExecStreams,
    signal: AbortSignal,
  ): Promise<ExecExit> {
    await this.#note({ verb: "exec", of: pod, name: container, detail: command });
    const answer = this.execs.length > 1 ? this.execs.shift() : this.execs[0];
    const exitCode = answer === undefined ? 0 : await answer(command, streams, signal);
    return { exitCode, protocol: "v5.channel.k8s.io" };
  }

  async version(): Promise<string> {
    return "v1.36.3";
  }

  now(): number {
    return Date.now();
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #note(call: Call): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }
}

/** The error that the real cluster throws if the API server refuses. */
export function refusal(code: number, reason: string, message: string): ClusterError {
  return new ClusterError(message, { cause: Object.assign(new Error(message), { code, reason, reported: message }) });
}
