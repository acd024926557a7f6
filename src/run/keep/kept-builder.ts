/** A kept builder in the cluster: its objects, how it is found again, and the deadline that each client puts off. */
import { createHash, randomBytes } from "node:crypto";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { daemonPod } from "../../builders/buildkit/daemon.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { NO_DELIVERY } from "../../ship/delivery.ts";
import { identityOf } from "../identity.ts";
import { LABEL, OURS } from "../labels.ts";
import { objectsOf } from "../objects.ts";
import type { BuildObjects } from "../objects.ts";
import type { KeepKey } from "./keep-key.ts";
import { isOwnPod } from "./own-pod.ts";

/** Name of the container that a client talks to. */
export const DAEMON = "buildkit";

/** Seconds that an ended one stays, so that somebody can still read its log. */
const TTL_SECONDS = 60;

/** Until its first client has signed it and given it its time, in seconds: one that is killed before leaves it no longer. */
const UNSIGNED_SECONDS = 300;

export const KEEP_ANNOTATION = {
  /** The user's signature over the Job's uid: see keep-key.ts. */
  proof: "slipway.dev/keep-proof",
  /** For how long it stays after its last build, in seconds. */
  seconds: "slipway.dev/keep-seconds",
  /** When a client last wanted it, RFC 3339. */
  lastUsed: "slipway.dev/last-used",
} as const;

export interface KeptBuilder {
  readonly job: V1Job;
  /** Undefined until the Job has one. */
  readonly pod: V1Pod | undefined;
}

/** The plan of the builder itself: what of a build's plan is the pod's, and nothing that is one build's. */
export function builderPlan(plan: BuildPlan, name: string): BuildPlan {
  const { context: _c, secrets: _s, ssh: _h, exports: _e, directories: _d, buildContexts: _b, ...settings } = plan;
  return {
    ...settings,
    name,
    // Nothing comes by the pod's volumes.
    repository: { url: "", remote: "", keepGitDir: false },
    transport: "none",
    tags: [],
    names: [],
    labels: [],
    buildArgs: [],
    credentials: { kind: "none" },
    timeoutSeconds: UNSIGNED_SECONDS,
    ttlSeconds: TTL_SECONDS,
  };
}

/**
 * The objects of a new one.
 * @param fingerprint of the key that will sign it
 * @param placed the plan with the architecture of the builder's node, if that was decided: it is found by the settings without it
 */
export function keptObjects(plan: BuildPlan, fingerprint: string, placed = plan): BuildObjects {
  const name = `slipway-keep-${randomBytes(5).toString("hex")}`;
  const objectLabels = { [LABEL.keep]: instanceOf(plan), [LABEL.keepKey]: fingerprint };
  const own = { ...builderPlan(placed, name), objectLabels };
  return objectsOf(own, daemonPod(own), NO_DELIVERY);
}

/** Which settings it has, as a label's value: builds with the same share it. */
export function instanceOf(plan: BuildPlan): string {
  const own = builderPlan(plan, "x");
  const { version: _v, user: _u, ...settings } = own;
  const { job, configMap, networkPolicy } = objectsOf(
    { ...settings, version: "", user: "" },
    daemonPod(own),
    NO_DELIVERY,
  );
  const text = JSON.stringify([job.spec?.template, configMap?.data, networkPolicy?.spec]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * The ones this key has signed, those with a pod and the youngest first, those that have ended left out.
 * @param instance only those with these settings; undefined: all
 */
export async function findKept(
  cluster: Pick<Cluster, "list">,
  key: KeepKey,
  instance: string | undefined,
  signal: AbortSignal,
): Promise<KeptBuilder[]> {
  const which = instance === undefined ? LABEL.keep : `${LABEL.keep}=${instance}`;
  const labelSelector = `${OURS},${which},${LABEL.keepKey}=${key.fingerprint}`;
  const [jobs, pods] = await Promise.all([
    cluster.list("jobs", { labelSelector }, signal),
    cluster.list("pods", { labelSelector }, signal),
  ]);
  return jobs
    .filter((job) => isSigned(job, key) && !isOver(job))
    .map((job) => ({ job, pod: pods.find((pod) => isLive(pod) && isOwnPod(pod, job, DAEMON)) }))
    .sort((a, b) => Number(b.pod !== undefined) - Number(a.pod !== undefined) || createdAt(b.job) - createdAt(a.job));
}

export function isSigned({ metadata }: V1Job, key: KeepKey): boolean {
  return key.hasSigned(metadata?.uid ?? "", metadata?.annotations?.[KEEP_ANNOTATION.proof] ?? "");
}

export function isOver({ metadata, status }: V1Job): boolean {
  const ended = status?.conditions?.some((condition) => condition.status === "True" && condition.type !== "Suspended");
  return ended === true || metadata?.deletionTimestamp !== undefined;
}

function isLive({ metadata, status }: V1Pod): boolean {
  return metadata?.deletionTimestamp === undefined && status?.phase !== "Failed" && status?.phase !== "Succeeded";
}

function createdAt({ metadata }: V1Job): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}

/** How often a client that builds puts the end off, in milliseconds at most. */
const PUSH_EVERY_MS = 60_000;

/** Keeps a builder for as long as a client builds with it, and for its time after that. */
export class KeepLease {
  readonly #cluster: Pick<Cluster, "patch" | "now">;
  readonly #job: V1Job;
  readonly #seconds: number;
  readonly #proof: string;
  #given: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param seconds how long it is to stay after this build */
  constructor(cluster: Pick<Cluster, "patch" | "now">, job: V1Job, seconds: number, key: KeepKey) {
    this.#cluster = cluster;
    this.#job = job;
    this.#seconds = seconds;
    this.#proof = key.sign(job.metadata?.uid ?? "");
    // The deadline of a Job that nobody has signed yet is not a time that a client has asked for.
    const isSigned = job.metadata?.annotations?.[KEEP_ANNOTATION.proof] !== undefined;
    this.#given = isSigned ? (job.spec?.activeDeadlineSeconds ?? 0) : 0;
  }

  /** Puts the end off now and from time to time. @throws AuthError or ClusterError when the first is refused */
  async begin(signal: AbortSignal): Promise<void> {
    const every = Math.min(PUSH_EVERY_MS, (this.#seconds * 1000) / 3);
    // Should one fail, there is another before the time is over.
    this.#timer = setInterval(() => void this.push(signal).catch(() => {}), every).unref();
    await this.push(signal);
  }

  /** The builder stays for its time from now on. */
  async push(signal: AbortSignal): Promise<void> {
    const now = this.#cluster.now();
    const started = new Date(this.#job.status?.startTime ?? this.#job.metadata?.creationTimestamp ?? now).getTime();
    // Another client may want it for longer.
    this.#given = Math.max(this.#given, Math.ceil(Math.max(0, now - started) / 1000) + this.#seconds);
    await this.#cluster.patch(
      "jobs",
      identityOf(this.#job),
      {
        metadata: {
          annotations: {
            [KEEP_ANNOTATION.proof]: this.#proof,
            [KEEP_ANNOTATION.seconds]: String(this.#seconds),
            [KEEP_ANNOTATION.lastUsed]: new Date(now).toISOString(),
          },
        },
        spec: { activeDeadlineSeconds: this.#given },
      },
      signal,
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
