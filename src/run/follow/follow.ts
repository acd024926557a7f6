/**
 * Watches a build's pod from its creation to its end, and acts at each step: releases it, sends it the context, follows its log.
 * Only the pod's status decides; the log is only shown.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod, V1PodSpec } from "@kubernetes/client-node";
import type { ContainerEnd } from "../../builders/builder.ts";
import type { Emit } from "../../events.ts";
import type { Cluster, ObjectIdentity } from "../../lib/kube/cluster.ts";
import { Cancelled, TimedOut } from "../../errors.ts";
import { watchDenials } from "./admission.ts";
import { identityOf } from "../identity.ts";
import { endOf, goneError, readJob } from "./gone.ts";
import { LogTail } from "./log-tail.ts";
import type { BuilderLog } from "./log-tail.ts";
import { watchMounts } from "./mounts.ts";
import { errorOf, timedOut } from "./pod-failure.ts";
import { policyChanges, policyError, policyWarning } from "./policy-changes.ts";
import type { PolicyChange } from "./policy-changes.ts";
import { NodeWatch } from "./no-node.ts";
import { podState, runningBeside } from "./pod-state.ts";
import type { ContainerNames, PodState } from "./pod-state.ts";
import { explainUnschedulable, suspended, waitingMessage } from "./unschedulable.ts";
import type { Waited } from "./unschedulable.ts";
import { podChanges } from "./pod-changes.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface FollowedBuild extends BuilderLog {
  readonly job: ObjectIdentity;
  readonly containers: ContainerNames;
  readonly timeoutSeconds: number;
  /** The pod that was asked for, if this client asked for it: to tell what a policy of the cluster changed. */
  readonly asked?: V1PodSpec | undefined;
  /** The flags that name the pod's images; those of `slipway build` when absent. */
  readonly imageFlags?: readonly string[];
  /** The pod exists and is held back by its gate. */
  readonly onPod: (pod: ObjectIdentity) => Promise<void>;
  /** The container that receives the context runs. */
  readonly onReceiving: (pod: string) => Promise<void>;
  readonly onState: (state: PodState, pod: V1Pod) => void;
  /** The builder has ended, and its log is shown. `running` names the other containers that still run. */
  readonly onEnded?: (pod: ObjectIdentity, running: readonly string[]) => void;
}

/** How long the pod may take to appear before the Job's events are read. Usually it is there in 20 ms. */
const POD_TIMEOUT_MS = 400;
/** How often the Job is read while there is no pod. */
const JOB_POLL_INTERVAL_MS = 2000;
/** How long a pod may be on its node before its events are read. */
const START_TIMEOUT_MS = 1000;
/** How long after the log's end the container's end may become visible: the kubelet updates the status once a second. */
const END_TIMEOUT_MS = 3000;

/** @throws ClusterError, AuthError or TimedOut when the builder does not run to its end. */
export async function followBuild(
  cluster: Cluster,
  build: FollowedBuild,
  emit: Emit,
  signal: AbortSignal,
): Promise<ContainerEnd> {
  const own = new AbortController();
  const inner = AbortSignal.any([signal, own.signal]);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const start = (task: Promise<unknown>): void => void task.catch((error: unknown) => failed.reject(error));
  let changes: readonly PolicyChange[] = [];
  const onFirst = ({ spec }: V1Pod): void => {
    if (build.asked === undefined || spec === undefined) return;
    changes = policyChanges(build.asked, spec);
    const error = policyError(changes);
    // The error says it.
    if (error !== undefined) changes = [];
    if (error !== undefined) throw error;
  };
  const warn = (): void => {
    if (changes.length > 0 && !signal.aborted) emit({ type: "warning", ...policyWarning(changes) });
  };
  try {
    const end = await Promise.race([failed.promise, watchPod(cluster, build, emit, start, onFirst, inner)]);
    if (end.exitCode !== 0) warn();
    return end;
  } catch (error) {
    if (!(error instanceof Cancelled)) warn();
    throw error;
  } finally {
    own.abort();
  }
}

async function watchPod(
  cluster: Cluster,
  build: FollowedBuild,
  emit: Emit,
  start: (task: Promise<unknown>) => void,
  onFirst: (pod: V1Pod) => void,
  signal: AbortSignal,
): Promise<ContainerEnd> {
  const denials = new AbortController();
  const waiting: Waiting = {};
  const timer = setTimeout(() => {
    const onWaiting = (passing: Waited): void => {
      waiting.last = passing;
      emit({ type: "waiting", message: waitingMessage(passing) });
    };
    start(watchDenials(cluster, build.job, onWaiting, AbortSignal.any([signal, denials.signal])));
    start(watchEnd(cluster, build, waiting, onWaiting, denials.signal));
  }, POD_TIMEOUT_MS);
  const log = new LogTail(cluster, build.containers.builder, build, emit, END_TIMEOUT_MS);
  const seen = new Set<PodState["kind"]>();
  const once = (kind: PodState["kind"], act: () => Promise<unknown>): void => {
    if (seen.has(kind)) return;
    seen.add(kind);
    start(act());
  };
  const nodes = new NodeWatch(cluster, start, signal);
  const mounts = new AbortController();
  let mountTimer: NodeJS.Timeout | undefined;
  let released = false;
  let last: V1Pod | undefined;
  try {
    for await (const pod of podChanges(cluster, build.job, signal)) {
      if (pod === undefined) throw await explainEnd(goneError(cluster, build, last), last, build);
      last = pod;
      clearTimeout(timer);
      denials.abort();
      const name = pod.metadata?.name ?? "";
      if (!released) {
        released = true;
        onFirst(pod);
        start(build.onPod(identityOf(pod)));
      }
      const state = podState(pod, build.containers);
      build.onState(state, pod);
      // The client that asked for the pod ends its build.
      if (build.asked !== undefined) nodes.see(pod);
      if (state.kind === "starting") {
        mountTimer ??= setTimeout(() => {
          start(watchMounts(cluster, identityOf(pod), AbortSignal.any([signal, mounts.signal])));
        }, START_TIMEOUT_MS);
      } else {
        clearTimeout(mountTimer);
        if (state.kind === "receiving" || state.kind === "building") mounts.abort();
      }
      if (state.kind === "receiving") once("receiving", () => build.onReceiving(name));
      if (state.kind === "building") once("building", () => log.follow(name, signal));
      if (state.kind === "failed") {
        const { failure } = state;
        if (failure.reason !== "Deleted") throw errorOf(failure, build.timeoutSeconds, build.imageFlags);
        throw await explainEnd(goneError(cluster, build, pod), pod, build);
      }
      if (state.kind === "ended") {
        // A short build may end before it was seen running.
        once("building", () => log.follow(name, signal));
        log.containerEnded();
        await log.finished;
        if (state.deleted && state.exitCode !== 0) throw await goneError(cluster, build, pod);
        build.onEnded?.(identityOf(pod), runningBeside(pod, build.containers.builder));
        const { exitCode, reason, message } = state;
        return { exitCode, reason, message, tail: log.tail, ...memoryLimitOf(pod, build.containers.builder) };
      }
    }
  } finally {
    clearTimeout(timer);
    clearTimeout(mountTimer);
    denials.abort();
    nodes.stop();
    mounts.abort();
  }
  throw signal.reason;
}

/** Throws when the Job ends before it has a pod, and tells when the Job is suspended. Returns when `signal` is aborted. */
async function watchEnd(
  cluster: Cluster,
  build: FollowedBuild,
  waiting: Waiting,
  onWaiting: (waited: Waited) => void,
  signal: AbortSignal,
): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    const job = await readJob(cluster, build.job);
    if (job?.spec?.suspend === true && !told && !signal.aborted) {
      told = true;
      onWaiting(suspended(build.job, cluster.namespace));
    }
    const over = job === undefined || endOf(job) !== undefined;
    if (over && !signal.aborted) throw await explainEnd(goneError(cluster, build), undefined, build, waiting.last);
    await sleep(JOB_POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** The container's own limit, or the one that a LimitRange gave it. */
function memoryLimitOf({ spec }: V1Pod, container: string): Pick<ContainerEnd, "memoryLimit"> {
  const memoryLimit = spec?.containers.find(({ name }) => name === container)?.resources?.limits?.["memory"];
  return omitUndefined({ memoryLimit });
}

/** The last reason why the Job's controller could not make the pod. */
interface Waiting {
  last?: Waited;
}

/** Adds to the error of a build that timed out before it began what it waited for. */
async function explainEnd(
  ending: Promise<Error>,
  pod: V1Pod | undefined,
  build: FollowedBuild,
  waited?: Waited,
): Promise<Error> {
  const error = await ending;
  if (!(error instanceof TimedOut)) return error;
  if (pod === undefined) return waited === undefined ? error : timedOut(build.timeoutSeconds, waited);
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.reason !== "Unschedulable") return error;
  return timedOut(build.timeoutSeconds, explainUnschedulable(scheduled.message ?? ""));
}
