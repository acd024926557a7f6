/** A kept builder in the cluster: its objects, how to find it again, and the lease that its clients renew. */
import { createHash, randomBytes } from "node:crypto";
import type { V1ContainerStatus, V1Job, V1Pod } from "@kubernetes/client-node";
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

/** Name of the container that clients connect to. */
export const DAEMON = "buildkit";

/** How long an ended builder's objects stay, so that its log can still be read. */
const TTL_SECONDS = 60;

/** First deadline of a new builder. If its client is killed before it signs the builder, the builder ends after this time. */
const UNSIGNED_SECONDS = 300;

export const KEEP_ANNOTATION = {
  /** The user's signature over the Job's uid: see keep-key.ts. */
  proof: "slipway.dev/keep-proof",
  /** How long the builder stays after its last build, in seconds. */
  seconds: "slipway.dev/keep-seconds",
  /** When a client last renewed its lease, in RFC 3339 format. */
  lastUsed: "slipway.dev/last-used",
} as const;

/**
 * An annotation for each build that takes longer than `LONG_BUILD_MS`: when its client last renewed its lease, in RFC 3339 format. The
 * daemon is not asked for its builds, because it would have to write a record of each, which takes longer than many builds.
 */
const BUILD_ANNOTATION = "build.slipway.dev/";

/** Shorter builds leave no trace in the cluster but the lease: their annotation would take another request at their end. */
const LONG_BUILD_MS = 10_000;

export interface KeptBuilder {
  readonly job: V1Job;
  /** Undefined until the Job has one. */
  readonly pod: V1Pod | undefined;
}

/** Returns the plan of the builder's pod: the settings of a build's plan without those that belong to one build. */
export function builderPlan(plan: BuildPlan, name: string): BuildPlan {
  const { context: _c, secrets: _s, ssh: _h, exports: _e, directories: _d, buildContexts: _b, ...settings } = plan;
  return {
    ...settings,
    name,
    // Sessions carry the files, so the pod needs no volume for them.
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
 * Makes the objects of a new builder.
 * @param fingerprint of the key that will sign it
 * @param placed the plan with what the nodes have decided: the builder is found by the settings without it, so that only a new one asks
 */
export function keptObjects(plan: BuildPlan, fingerprint: string, placed = plan): BuildObjects {
  const name = `slipway-keep-${randomBytes(5).toString("hex")}`;
  const objectLabels = { [LABEL.keep]: instanceOf(plan), [LABEL.keepKey]: fingerprint };
  const own = { ...builderPlan(placed, name), objectLabels };
  return objectsOf(own, daemonPod(own), NO_DELIVERY);
}

/** Returns a hash of the builder's settings, for a label: 32 hex digits. Builds with the same settings share a builder. */
export function instanceOf(plan: BuildPlan): string {
  const own = builderPlan(plan, "x");
  const { version: _v, user: _u, ...settings } = own;
  const { job, configMap, networkPolicy } = objectsOf(
    { ...settings, version: "", user: "" },
    daemonPod(own),
    NO_DELIVERY,
  );
  // Nothing in the objects tells what is still to be decided from what is never wanted.
  const text = JSON.stringify([job.spec?.template, configMap?.data, networkPolicy?.spec, plan.userns]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * Finds the builders that this key has signed and that have not ended. Those with a pod come first, then the newest.
 * @param instance a result of `instanceOf`, to find only builders with these settings; undefined finds all
 * @throws AuthError or ClusterError if the cluster does not list them
 */
export async function findKept(
  cluster: Pick<Cluster, "list">,
  key: KeepKey,
  instance: string | undefined,
  signal: AbortSignal,
): Promise<KeptBuilder[]> {
  const which = instance === undefined ? LABEL.keep : `${LABEL.keep}=${instance}`;
  return listBuilders(
    cluster,
    `${OURS},${which},${LABEL.keepKey}=${key.fingerprint}`,
    (job) => isSigned(job, key),
    signal,
  );
}

/** Finds the builders of all users. Nothing is known of whose they are but what their labels say, so nothing may be sent to them. */
export function findEverybodysKept(cluster: Pick<Cluster, "list">, signal: AbortSignal): Promise<KeptBuilder[]> {
  return listBuilders(cluster, `${OURS},${LABEL.keep}`, () => true, signal);
}

async function listBuilders(
  cluster: Pick<Cluster, "list">,
  labelSelector: string,
  isWanted: (job: V1Job) => boolean,
  signal: AbortSignal,
): Promise<KeptBuilder[]> {
  const [jobs, pods] = await Promise.all([
    cluster.list("jobs", { labelSelector }, signal),
    cluster.list("pods", { labelSelector }, signal),
  ]);
  return jobs
    .filter((job) => isWanted(job) && !isOver(job))
    .map((job) => ({ job, pod: pods.find((pod) => isLive(pod) && isOwnPod(pod, job, DAEMON)) }))
    .sort((a, b) => Number(b.pod !== undefined) - Number(a.pod !== undefined) || createdAt(b.job) - createdAt(a.job));
}

/** Tells whether the key has signed the Job's uid. */
export function isSigned({ metadata }: V1Job, key: KeepKey): boolean {
  return key.hasSigned(metadata?.uid ?? "", metadata?.annotations?.[KEEP_ANNOTATION.proof] ?? "");
}

/** Tells whether the Job has ended or is being deleted. */
export function isOver({ metadata, status }: V1Job): boolean {
  const ended = status?.conditions?.some((condition) => condition.status === "True" && condition.type !== "Suspended");
  return ended === true || metadata?.deletionTimestamp !== undefined;
}

/** The pod's containers are never started again. One that was, had another program in between: images of a pod can be patched. */
function isLive(pod: V1Pod): boolean {
  const { metadata, status } = pod;
  if ((daemonStatus(pod)?.restartCount ?? 0) > 0) return false;
  return metadata?.deletionTimestamp === undefined && status?.phase !== "Failed" && status?.phase !== "Succeeded";
}

/** Returns when the daemon's container started, in milliseconds since 1970; undefined if it does not run. */
export function runningSince(pod: V1Pod): number | undefined {
  const startedAt = daemonStatus(pod)?.state?.running?.startedAt;
  return startedAt === undefined ? undefined : new Date(startedAt).getTime();
}

function daemonStatus({ status }: V1Pod): V1ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === DAEMON);
}

function createdAt({ metadata }: V1Job): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}

/** Longest time between two renewals of a lease. */
const MAX_RENEW_INTERVAL_MS = 60_000;

/** A build whose client has not renewed its lease for this long has ended. */
const SILENT_MS = 2.5 * MAX_RENEW_INTERVAL_MS;

/** Returns the number of builds under way that have run for more than ten seconds. @param now milliseconds since 1970, by the cluster's clock */
export function buildsUnderWay({ metadata }: V1Job, now: number): number {
  return Object.entries(metadata?.annotations ?? {}).filter(
    ([name, renewed]) => name.startsWith(BUILD_ANNOTATION) && now - Date.parse(renewed) < SILENT_MS,
  ).length;
}

/** Keeps a builder alive while a client builds with it, and for a given time after that. Disposing it stops the renewals. */
export class KeepLease {
  readonly #cluster: Pick<Cluster, "patch" | "now">;
  readonly #job: V1Job;
  readonly #seconds: number;
  readonly #proof: string;
  readonly #build = BUILD_ANNOTATION + randomBytes(8).toString("hex");
  #isLong = false;
  #deadlineSeconds: number;
  #timers: readonly NodeJS.Timeout[] = [];

  /** @param seconds how long the builder stays after this build */
  constructor(cluster: Pick<Cluster, "patch" | "now">, job: V1Job, seconds: number, key: KeepKey) {
    this.#cluster = cluster;
    this.#job = job;
    this.#seconds = seconds;
    this.#proof = key.sign(job.metadata?.uid ?? "");
    // No client has asked for the deadline of a Job that is not signed yet.
    const isSigned = job.metadata?.annotations?.[KEEP_ANNOTATION.proof] !== undefined;
    this.#deadlineSeconds = isSigned ? (job.spec?.activeDeadlineSeconds ?? 0) : 0;
  }

  /** Renews the lease now and then regularly. @throws AuthError or ClusterError if the first renewal fails */
  async begin(signal: AbortSignal): Promise<void> {
    const intervalMs = Math.min(MAX_RENEW_INTERVAL_MS, (this.#seconds * 1000) / 3);
    // If a renewal fails, there is another one before the deadline.
    const renew = (): void => void this.renew(signal).catch(() => {});
    const beLong = (): void => {
      this.#isLong = true;
      renew();
    };
    this.#timers = [setInterval(renew, intervalMs).unref(), setTimeout(beLong, LONG_BUILD_MS).unref()];
    await this.renew(signal);
  }

  /** Renews the lease once: the builder's time starts from now. @throws AuthError or ClusterError if the cluster refuses it */
  renew(signal: AbortSignal): Promise<void> {
    return this.#patch(signal, { hasEnded: false });
  }

  /** Notes that the build has ended. Makes no request after a short build, whose renewal at its start is recent enough. @throws the same */
  async end(signal: AbortSignal): Promise<void> {
    this[Symbol.dispose]();
    if (this.#isLong) await this.#patch(signal, { hasEnded: true });
  }

  async #patch(signal: AbortSignal, { hasEnded }: { readonly hasEnded: boolean }): Promise<void> {
    const now = this.#cluster.now();
    const stamp = new Date(now).toISOString();
    const started = new Date(this.#job.status?.startTime ?? this.#job.metadata?.creationTimestamp ?? now).getTime();
    // Another client may have asked for a later deadline.
    this.#deadlineSeconds = Math.max(
      this.#deadlineSeconds,
      Math.ceil(Math.max(0, now - started) / 1000) + this.#seconds,
    );
    await this.#cluster.patch(
      "jobs",
      identityOf(this.#job),
      {
        metadata: {
          annotations: {
            [KEEP_ANNOTATION.proof]: this.#proof,
            [KEEP_ANNOTATION.seconds]: String(this.#seconds),
            [KEEP_ANNOTATION.lastUsed]: stamp,
            ...(this.#isLong ? { [this.#build]: hasEnded ? null : stamp } : {}),
          },
        },
        spec: { activeDeadlineSeconds: this.#deadlineSeconds },
      },
      signal,
    );
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
