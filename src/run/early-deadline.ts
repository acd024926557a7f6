/**
 * The deadline of a Job whose build still needs its client: near, where the build's own may be hours away, so that a client
 * which is killed holds neither a pod nor a password for long. The build's own time limit is written beside it.
 */
import type { V1Job } from "@kubernetes/client-node";
import { ClusterError } from "../errors.ts";
import { ANNOTATION } from "./labels.ts";

/** A build that needs its client outlives the last word of it by no more than this, in seconds. */
export const EARLY_SECONDS = 300;

/** The same Job with an early deadline, unless its own is as near. A lifeline (lifeline.ts) has to put it off. */
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
