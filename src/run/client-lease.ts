/**
 * The deadline of a Job whose build still needs its client: near, where the build's own may be hours away, so that a client
 * which is killed holds neither a pod nor a password for long. The build's own time limit is written beside it.
 */
import type { V1Job } from "@kubernetes/client-node";
import { ClusterError } from "../errors.ts";
import { ANNOTATION } from "./labels.ts";
import { pause } from "../lib/kube/backoff.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { httpStatusOf, hasLostContact } from "../lib/kube/refusal.ts";

/** A build that needs its client outlives the last word of it by no more than this, in seconds. */
export const EARLY_SECONDS = 300;

/** The same Job with an early deadline, unless its own is as near. A lease (lease.ts) has to put it off. */
export function withEarlyDeadline(job: V1Job): V1Job {
  const { metadata, spec } = job;
  const limit = spec?.activeDeadlineSeconds ?? 0;
  if (spec === undefined || limit <= EARLY_SECONDS) return job;
  return {
    ...job,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, [ANNOTATION.timeout]: String(limit) } },
    spec: { ...spec, activeDeadlineSeconds: EARLY_SECONDS },
  };
}

/** The build's own time limit, in seconds, whatever the Job's deadline is by now. */
export function timeLimitOf({ metadata, spec }: V1Job): number {
  const noted = Number(metadata?.annotations?.[ANNOTATION.timeout]);
  return noted > 0 ? noted : (spec?.activeDeadlineSeconds ?? 0);
}

/** Whether the build still needs its client, as far as its Job knows: so a deadline that passes says that there is none. */
export function needsClient(job: V1Job): boolean {
  return (job.spec?.activeDeadlineSeconds ?? 0) < timeLimitOf(job);
}

/** Goes after "the build was ended: ". */
export const CLIENT_LOST = `nothing was heard of its client for ${EARLY_SECONDS / 60} minutes, and not all it needs had arrived`;

/** The early deadline has passed. */
export function clientLost(): ClusterError {
  return new ClusterError(`the build was ended: ${CLIENT_LOST}`, {
    suggestions: ["Build again, with a client that stays awake and connected until its context is sent."],
  });
}

// Keeps a build going that needs its client, for as long as this client lives: puts its Job's early deadline off, and ends it at last.

/** How often the deadline is put off, in milliseconds: four times in a row that may fail. */
const EVERY = 60_000;

/** Before the whole time is asked for again, in milliseconds, when the cluster could not be reached. */
const AGAIN = 5000;

/**
 * Whether this user may change a Job's deadline, which Roles made for an earlier slipway do not grant: a build has its whole time
 * from the start then. Never throws: a cluster that does not answer is told elsewhere.
 */
export async function mayPutOff(cluster: Pick<Cluster, "create" | "namespace">, signal: AbortSignal): Promise<boolean> {
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
  #given: number;
  #underWay: Promise<unknown> | undefined;
  #whole: Promise<void> | undefined;

  /** @param job as the cluster has made it; one without an early deadline needs no lease, and makes no request. */
  constructor(cluster: Pick<Cluster, "patch" | "now">, job: V1Job, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#job = job;
    this.#signal = signal;
    this.#given = job.spec?.activeDeadlineSeconds ?? 0;
    if (needsClient(job)) this.#timer = setInterval(() => this.#putOff(), EVERY).unref();
    else this.#whole = Promise.resolve();
  }

  /**
   * The build needs its client no more and gets all its time. Asks until the cluster has answered.
   * @throws AuthError or ClusterError when it is refused; the signal's reason when aborted
   */
  giveWholeTime(): Promise<void> {
    clearInterval(this.#timer);
    return (this.#whole ??= this.#giveWholeTime());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #putOff(): void {
    // By the cluster's clock: this machine may have slept meanwhile.
    const age = (this.#cluster.now() - new Date(this.#job.metadata?.creationTimestamp ?? Number.NaN).getTime()) / 1000;
    const wanted = Math.min(timeLimitOf(this.#job), Math.ceil(age) + EARLY_SECONDS);
    if (this.#underWay !== undefined || !(wanted > this.#given)) return;
    this.#given = wanted;
    // Should it fail, there is another one in a minute.
    this.#underWay = this.#patch(wanted)
      .catch(() => {})
      .finally(() => (this.#underWay = undefined));
  }

  async #giveWholeTime(): Promise<void> {
    // Were it to arrive later, it would take the time away again.
    await this.#underWay;
    for (;;) {
      try {
        await this.#patch(timeLimitOf(this.#job));
        return;
      } catch (error) {
        // The Job is gone, and who watches it says why.
        if (httpStatusOf(error) === 404) return;
        if (!(error instanceof ClusterError) || !hasLostContact(error)) throw error;
        await pause(AGAIN, this.#signal);
      }
    }
  }

  async #patch(activeDeadlineSeconds: number): Promise<void> {
    const name = this.#job.metadata?.name ?? "";
    await this.#cluster.patch("jobs", name, { spec: { activeDeadlineSeconds } }, this.#signal);
  }
}
