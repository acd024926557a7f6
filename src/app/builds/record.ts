/** The record of one build, read only from its Job and pod, so that every client can report it. Pure. */
import type { V1ContainerStateTerminated, V1Job, V1JobCondition, V1Pod } from "@kubernetes/client-node";
import type { ContainerEnd, Outcome } from "../../builders/builder.ts";
import { RECEIVER } from "../../plan/layout.ts";
import { podState } from "../../run/follow/pod-state.ts";
import { cancelledBy, cancellerOf } from "../../run/cancelled.ts";
import { CLIENT_LOST, needsClient, timeLimitOf } from "../../run/client-lease.ts";
import { ANNOTATION, LABEL, madeWith } from "../../run/labels.ts";

/** In the order of a build's life; the last four are ends. */
export type BuildState =
  | "waiting"
  | "starting"
  | "receiving"
  | "building"
  | "built"
  | "failed"
  | "timed-out"
  | "cancelled";

export interface BuildRecord {
  readonly name: string;
  readonly namespace: string;
  readonly state: BuildState;
  /** For a failed build: one sentence. For a waiting build: what it waits for. */
  readonly reason?: string;
  /** The references that users know the image by. */
  readonly references: readonly string[];
  /** For one of several platforms: which one. */
  readonly platform?: string;
  /** For one of several platforms: the references the image is pushed to, until the client that started the build has made the index. */
  readonly pushedAs?: readonly string[];
  /** Digest of the image's manifest, once it is built. */
  readonly digest?: string;
  readonly builder: string;
  /** Name of the container that builds. */
  readonly container: string;
  /** Exit code of that container. */
  readonly exitCode?: number;
  readonly user: string;
  /** Version of the slipway that started it. */
  readonly version: string;
  readonly insecureRegistries: readonly string[];
  /** RFC 3339 by the cluster's clock, like all times here. */
  readonly createdAt: string;
  /** The builder's container started. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** When the cluster deletes the finished build. */
  readonly goneAt?: string;
  readonly timeoutSeconds: number;
  readonly pod?: string;
  readonly node?: string;
}

/** Every field of a record, in the order in which they are shown. */
export const RECORD_FIELDS: readonly (keyof BuildRecord)[] = [
  "name",
  "namespace",
  "state",
  "reason",
  "references",
  "platform",
  "pushedAs",
  "digest",
  "builder",
  "container",
  "exitCode",
  "user",
  "version",
  "insecureRegistries",
  "createdAt",
  "startedAt",
  "endedAt",
  "goneAt",
  "timeoutSeconds",
  "pod",
  "node",
];

/** Builder.outcome: the outcome of a container's end. */
export type Judge = (end: ContainerEnd) => Outcome;

export function recordOf(job: V1Job, pod: V1Pod | undefined, judge: Judge): BuildRecord {
  const labels = madeWith(job);
  const annotations = job.metadata?.annotations ?? {};
  const container = annotations[ANNOTATION.container] ?? labels[LABEL.builder] ?? "";
  const status = pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state;
  const condition = endOf(job);
  const endedAt = time(condition?.lastTransitionTime ?? status?.terminated?.finishedAt);
  const ttl = job.spec?.ttlSecondsAfterFinished;
  return present<BuildRecord>({
    name: job.metadata?.name ?? "",
    namespace: job.metadata?.namespace ?? "",
    ...progressOf(job, pod, container, judge),
    references: list(annotations[ANNOTATION.references]),
    platform: annotations[ANNOTATION.platform],
    pushedAs: annotations[ANNOTATION.pushedAs] === undefined ? undefined : list(annotations[ANNOTATION.pushedAs]),
    builder: labels[LABEL.builder] ?? "",
    container,
    exitCode: status?.terminated?.exitCode,
    user: annotations[ANNOTATION.createdBy] ?? labels[LABEL.user] ?? "",
    version: labels[LABEL.version] ?? "",
    insecureRegistries: list(annotations[ANNOTATION.insecureRegistries]),
    createdAt: time(job.metadata?.creationTimestamp) ?? "",
    startedAt: time(status?.running?.startedAt ?? status?.terminated?.startedAt),
    endedAt,
    goneAt: endedAt === undefined || ttl === undefined ? undefined : time(Date.parse(endedAt) + ttl * 1000),
    timeoutSeconds: timeLimitOf(job),
    pod: pod?.metadata?.name,
    node: pod?.spec?.nodeName,
  });
}

/** Whether the build is over. */
export function hasEnded({ state }: BuildRecord): boolean {
  return state === "built" || state === "failed" || state === "timed-out" || state === "cancelled";
}

/** The condition that shows that the Job is over, or about to be. */
export function endOf(job: V1Job): V1JobCondition | undefined {
  const conditions = job.status?.conditions?.filter(({ status }) => status === "True") ?? [];
  for (const type of ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"]) {
    const found = conditions.find((condition) => condition.type === type);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Progress = Pick<BuildRecord, "state"> & { reason?: string | undefined; digest?: string };

function progressOf(job: V1Job, pod: V1Pod | undefined, container: string, judge: Judge): Progress {
  const state = pod === undefined ? undefined : podState(pod, { receiver: RECEIVER, builder: container });
  if (state?.kind === "ended" && (state.exitCode === 0 || !state.deleted)) {
    return judged(judge({ exitCode: state.exitCode, reason: state.reason, message: state.message, tail: [] }));
  }
  const condition = endOf(job);
  if (condition?.reason === "DeadlineExceeded") {
    const by = cancelledBy(job);
    if (by !== undefined) return { state: "cancelled", reason: `cancelled by ${cancellerOf(by)}` };
    return needsClient(job)
      ? { state: "failed", reason: CLIENT_LOST }
      : { state: "timed-out", reason: "its time limit has passed" };
  }
  if (state?.kind === "failed") return { state: "failed", reason: state.failure.message };
  if (condition !== undefined) return { state: "failed", reason: lostReason(condition) };
  switch (state?.kind) {
    case "building":
    case "receiving":
      return { state: state.kind };
    case "starting":
      return { state: "starting", reason: `on node ${state.node}` };
    case "unscheduled":
      return { state: "waiting", reason: state.message === "" ? undefined : state.message };
    case "gated":
      return { state: "waiting", reason: "for its client to send its inputs" };
    case "ended":
      return { state: "failed", reason: "its pod was deleted" };
    default:
      return {
        state: "waiting",
        reason: job.spec?.suspend === true ? "for its Job, which is suspended, as a queue does" : "for its pod",
      };
  }
}

function judged(outcome: Outcome): Progress {
  if (outcome.kind === "failed") return { state: "failed", reason: outcome.message };
  // If the builder does not report the digest, only the registry knows it.
  return outcome.kind === "built" ? { state: "built", digest: outcome.digest } : { state: "built" };
}

function lostReason({ type, reason, message }: V1JobCondition): string {
  if (type === "Complete") return "it succeeded, but its pod with the digest is deleted";
  return reason === "BackoffLimitExceeded" ? "its pod was deleted before it had ended" : (message ?? reason ?? "");
}

/** The outcome for a builder that this slipway does not know: only from the container's exit code and message. */
export function judgeUnknown(end: Pick<V1ContainerStateTerminated, "exitCode" | "message">): Outcome {
  const digest = /^sha256:[0-9a-f]{64}$/.exec(end.message?.trim() ?? "")?.[0];
  if (end.exitCode === 0 && digest !== undefined) return { kind: "built", digest };
  return {
    kind: "failed",
    fault: "build",
    message: `the builder ended with exit code ${end.exitCode}`,
    suggestions: [],
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

/** The client library's types say Date; the API server sends text. */
function time(value: Date | string | number | undefined): string | undefined {
  if (value === undefined) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

function present<T>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
