/** Waits for the pod of a kept builder. */
import type { V1Pod } from "@kubernetes/client-node";
import { ClusterError } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { watchDenials } from "../follow/admission.ts";
import { NodeWatch } from "../follow/no-node.ts";
import { podState } from "../follow/pod-state.ts";
import { JOB_LABEL } from "../follow/pod-changes.ts";
import { suspended } from "../follow/unschedulable.ts";
import type { Waited } from "../follow/unschedulable.ts";
import { identityOf } from "../identity.ts";
import type { Stages } from "../stages.ts";
import { DAEMON, isOver } from "./kept-builder.ts";
import type { KeptBuilder } from "./kept-builder.ts";
import { isOwnPod } from "./own-pod.ts";

/** Receives the progress of the wait. */
export interface AwaitReports {
  readonly stages: Stages;
  /** Is called when the cluster reports why there is no pod yet. */
  readonly onWaiting: (waited: Waited) => void;
}

/**
 * Waits until the pod can be dialled.
 * @param until `running`: the pod's container has started; `made`: the pod exists
 * @returns the pod of the given builder itself if that runs already
 * @throws ClusterError if the pod will not run, AuthError if the cluster refuses the watch, or the signal's reason
 */
export async function awaitPod(
  cluster: Pick<Cluster, "watch" | "list" | "namespace">,
  { job, pod: known }: KeptBuilder,
  { stages, onWaiting }: AwaitReports,
  signal: AbortSignal,
  until: "running" | "made" = "running",
): Promise<V1Pod> {
  const name = job.metadata?.name ?? "";
  // No stage is reported here: the daemon has not answered yet, so it may still be unusable.
  if (known !== undefined && isRunning(known)) return known;
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  // A watch of pods does not show that a Job ended before it had a pod.
  const timer = setInterval(() => {
    void endOf(cluster, name, onWaiting, inner).then((end) => end !== undefined && over.abort(startFailure(name, end)));
  }, POLL_INTERVAL_MS);
  const denials = new AbortController();
  const nodes = new NodeWatch(cluster, (task) => void task.catch((error: unknown) => over.abort(error)), inner);
  const denialTimer = setTimeout(() => {
    const unlessMade = AbortSignal.any([inner, denials.signal]);
    watchDenials(cluster, identityOf(job), onWaiting, unlessMade).catch((error: unknown) => {
      if (!unlessMade.aborted) over.abort(error);
    });
  }, DENIAL_DELAY_MS);
  try {
    for await (const event of cluster.watch("pods", { labelSelector: `${JOB_LABEL}=${name}` }, inner)) {
      if (event.type === "deleted") throw startFailure(name, "its pod was deleted");
      for (const pod of event.type === "listed" ? event.objects : [event.object]) {
        // Everyone who may create pods can give them any label.
        if (!isOwnPod(pod, job, DAEMON)) continue;
        clearTimeout(denialTimer);
        denials.abort();
        if (until === "made") return pod;
        const state = podState(pod, { receiver: "", builder: DAEMON });
        if (state.kind === "failed") throw startFailure(name, state.failure.message);
        if (state.kind === "ended") throw startFailure(name, state.message.trim() || `exit code ${state.exitCode}`);
        stages.done("create", name);
        stages.start("schedule", `pod ${pod.metadata?.name ?? ""}`);
        stages.observe(state);
        if (state.kind === "building") return pod;
        nodes.see(pod);
      }
    }
    inner.throwIfAborted();
  } finally {
    clearInterval(timer);
    clearTimeout(denialTimer);
    nodes.stop();
    over.abort();
  }
  throw startFailure(name, "the cluster gives no reason");
}

/** How often the Job is checked during the wait. */
const POLL_INTERVAL_MS = 2000;

/** How long a Job may have no pod before its events are read for the reason. */
const DENIAL_DELAY_MS = 1000;

/** Returns why there will be no pod; undefined if there may still be one, or if the cluster does not answer. */
async function endOf(
  cluster: Pick<Cluster, "list" | "namespace">,
  name: string,
  onWaiting: (waited: Waited) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const [job] = await cluster.list("jobs", { fieldSelector: `metadata.name=${name}` }, signal);
    if (job === undefined) return "it was ended";
    if (job.spec?.suspend === true) onWaiting(suspended({ name }, cluster.namespace));
    return isOver(job) ? (job.status?.conditions?.at(-1)?.message ?? "it was ended") : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pod: V1Pod): boolean {
  return podState(pod, { receiver: "", builder: DAEMON }).kind === "building";
}

function startFailure(name: string, reason: string): ClusterError {
  return new ClusterError(`the kept builder ${name} did not start: ${reason}`, {
    suggestions: [`kubectl describe job ${name}`, "Build without --keep to see whether a pod of one build starts."],
  });
}
