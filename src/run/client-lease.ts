/**
 * The lease of a build that still needs its client: its Job starts with a near deadline, which the living client renews, so that a
 * killed client holds neither a pod nor a password for long. The build's own time limit is in an annotation of the Job. Once the
 * build can do without its client, the Job gets all of its time.
 */
import type { V1Job } from "@kubernetes/client-node";
import { ClusterError } from "../errors.ts";
import { identityOf } from "./identity.ts";
import { ANNOTATION } from "./labels.ts";
import { pause } from "../lib/kube/backoff.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { httpStatusOf, hasLostContact } from "../lib/kube/refusal.ts";

/** A build that needs its client ends this long after the client's last renewal. */
export const LEASE_SECONDS = 300;

/** Four renewals in a row may fail. */
const RENEW_INTERVAL_MS = 60_000;

/** Before the whole time is asked for again, when the cluster could not be reached. */
const RETRY_PAUSE_MS = 5000;

/** The same Job with the lease's deadline, unless its own is as near. */
export function withLease(job: V1Job): V1Job {
  const { metadata, spec } = job;
  const limit = spec?.activeDeadlineSeconds ?? 0;
  if (spec === undefined || limit <= LEASE_SECONDS) return job;
  return {
    ...job,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, [ANNOTATION.timeout]: String(limit) } },
    spec: { ...spec, activeDeadlineSeconds: LEASE_SECONDS },
  };
}

/** The build's own time limit in seconds, independent of the Job's current deadline. */
export function timeLimitOf({ metadata, spec }: V1Job): number {
  const noted = Number(metadata?.annotations?.[ANNOTATION.timeout]);
  return noted > 0 ? noted : (spec?.activeDeadlineSeconds ?? 0);
}

/** Tells whether the build still needs its client, by its Job's deadline. If that deadline passes, the client was lost. */
export function needsClient(job: V1Job): boolean {
  return (job.spec?.activeDeadlineSeconds ?? 0) < timeLimitOf(job);
}

/**
 * Whether a suspended Job has lost its client. A deadline does not run while a Job is suspended, so nothing ends such a Job; but a client
 * that lives keeps renewing it.
 *
 * @param now the time of the cluster's clock, in milliseconds since 1970
 */
export function isAbandoned({ metadata, spec }: V1Job, now: number): boolean {
  if (spec?.suspend !== true) return false;
  const age = (now - new Date(metadata?.creationTimestamp ?? Number.NaN).getTime()) / 1000;
  return age > (spec.activeDeadlineSeconds ?? Number.POSITIVE_INFINITY);
}

/** Follows "the build was ended: ". */
export const CLIENT_LOST = `the client was silent for ${LEASE_SECONDS / 60} minutes before the upload had finished`;

/** The error for a lease that ran out. */
export function clientLost(): ClusterError {
  return new ClusterError(`the build was ended: ${CLIENT_LOST}`, {
    suggestions: ["Build again, and keep the client awake and connected until the context is sent."],
  });
}

/**
 * Whether this user may change a Job's deadline. Roles made for an earlier slipway do not grant that: without it, a build has its
 * whole time from the start. Never throws: later requests report a cluster that does not answer.
 */
export async function mayRenew(cluster: Pick<Cluster, "create" | "namespace">, signal: AbortSignal): Promise<boolean> {
  const resourceAttributes = { namespace: cluster.namespace, verb: "patch", group: "batch", resource: "jobs" };
  try {
    const review = await cluster.create("selfsubjectaccessreviews", { spec: { resourceAttributes } }, signal);
    return review.status?.allowed === true;
  } catch {
    return false;
  }
}

export class ClientLease {
  readonly #cluster: Pick<Cluster, "patch" | "now">;
  readonly #job: V1Job;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The Job's deadline, in seconds from its start. */
  #deadline: number;
  #renewing: Promise<unknown> | undefined;
  #released: Promise<void> | undefined;

  /** @param job as the cluster made it. A Job without a lease's deadline makes no request. */
  constructor(cluster: Pick<Cluster, "patch" | "now">, job: V1Job, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#job = job;
    this.#signal = signal;
    this.#deadline = job.spec?.activeDeadlineSeconds ?? 0;
    if (needsClient(job)) this.#timer = setInterval(() => this.#renew(), RENEW_INTERVAL_MS).unref();
    else this.#released = Promise.resolve();
  }

  /**
   * Ends the lease: the Job gets all of its time. Asks until the cluster has answered.
   * @throws AuthError or ClusterError when the cluster refuses; the signal's reason when aborted
   */
  release(): Promise<void> {
    clearInterval(this.#timer);
    return (this.#released ??= this.#release());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #renew(): void {
    // Uses the cluster's clock, because this machine may have slept in between.
    const age = (this.#cluster.now() - new Date(this.#job.metadata?.creationTimestamp ?? Number.NaN).getTime()) / 1000;
    const wanted = Math.min(timeLimitOf(this.#job), Math.ceil(age) + LEASE_SECONDS);
    if (this.#renewing !== undefined || !(wanted > this.#deadline)) return;
    this.#deadline = wanted;
    // If it fails, the next renewal follows in a minute.
    this.#renewing = this.#patch(wanted)
      .catch(() => {})
      .finally(() => (this.#renewing = undefined));
  }

  async #release(): Promise<void> {
    // A renewal that arrived later would shorten the deadline again.
    await this.#renewing;
    for (;;) {
      try {
        await this.#patch(timeLimitOf(this.#job));
        return;
      } catch (error) {
        // The Job is gone, or another one has its name; the code that follows the build reports why.
        if (httpStatusOf(error) === 404 || httpStatusOf(error) === 422) return;
        if (!(error instanceof ClusterError) || !hasLostContact(error)) throw error;
        await pause(RETRY_PAUSE_MS, this.#signal);
      }
    }
  }

  async #patch(activeDeadlineSeconds: number): Promise<void> {
    await this.#cluster.patch("jobs", identityOf(this.#job), { spec: { activeDeadlineSeconds } }, this.#signal);
  }
}
