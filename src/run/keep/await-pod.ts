/** The pod of a kept builder, once its daemon can be dialled. */
import type { V1Pod } from "@kubernetes/client-node";
import { ClusterError } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { watchDenials } from "../follow/admission.ts";
import { podState } from "../follow/pod-state.ts";
import { JOB_LABEL } from "../follow/pod-changes.ts";
import { suspended } from "../follow/unschedulable.ts";
import type { Waited } from "../follow/unschedulable.ts";
import { identityOf } from "../identity.ts";
import type { Stages } from "../stages.ts";
import { DAEMON, isOver } from "./kept-builder.ts";
import type { KeptBuilder } from "./kept-builder.ts";
import { isOwnPod } from "./own-pod.ts";

/** What is told while the pod is waited for. */
export interface AwaitReports {
  readonly stages: Stages;
  /** There is no pod yet, and the cluster says why. */
  readonly onWaiting: (waited: Waited) => void;
}

/**
 * @param until `running`: its container has started; `made`: it exists
 * @throws ClusterError when it will not run
 */
export async function awaitPod(
  cluster: Pick<Cluster, "watch" | "list" | "namespace">,
  { job, pod: known }: KeptBuilder,
  { stages, onWaiting }: AwaitReports,
  signal: AbortSignal,
  until: "running" | "made" = "running",
): Promise<V1Pod> {
  const name = job.metadata?.name ?? "";
  // Whether its daemon still answers is not known yet, so it does not count as there.
  if (known !== undefined && isRunning(known)) return known;
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  // The pods' watch does not tell that a Job ended before it had a pod.
  const timer = setInterval(() => {
    void endOf(cluster, name, onWaiting, inner).then((end) => end !== undefined && over.abort(gone(name, end)));
  }, LOOK_MS);
  const denials = new AbortController();
  const denialTimer = setTimeout(() => {
    const unlessMade = AbortSignal.any([inner, denials.signal]);
    watchDenials(cluster, identityOf(job), onWaiting, unlessMade).catch((error: unknown) => {
      if (!unlessMade.aborted) over.abort(error);
    });
  }, DENIAL_DELAY_MS);
  try {
    for await (const event of cluster.watch("pods", { labelSelector: `${JOB_LABEL}=${name}` }, inner)) {
      if (event.type === "deleted") throw gone(name, "its pod was deleted");
      for (const pod of event.type === "listed" ? event.objects : [event.object]) {
        // Everybody who may make pods may give them any label.
        if (!isOwnPod(pod, job, DAEMON)) continue;
        clearTimeout(denialTimer);
        denials.abort();
        if (until === "made") return pod;
        const state = podState(pod, { receiver: "", builder: DAEMON });
        if (state.kind === "failed") throw gone(name, state.failure.message);
        if (state.kind === "ended") throw gone(name, state.message.trim() || `exit code ${state.exitCode}`);
        stages.done("create", name);
        stages.start("schedule", `pod ${pod.metadata?.name ?? ""}`);
        stages.observe(state);
        if (state.kind === "building") return pod;
      }
    }
    inner.throwIfAborted();
  } finally {
    clearInterval(timer);
    clearTimeout(denialTimer);
    over.abort();
  }
  throw gone(name, "the cluster tells nothing more of it");
}

/** How often the Job is looked at while its pod is waited for, in milliseconds. */
const LOOK_MS = 2000;

/** How long a Job may have no pod before its events are asked for the reason, in milliseconds. */
const DENIAL_DELAY_MS = 1000;

/** Why there will be no pod; undefined while there may be one, or when the cluster does not answer. */
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

function gone(name: string, reason: string): ClusterError {
  return new ClusterError(`the kept builder ${name} did not start: ${reason}`, {
    suggestions: [`kubectl describe job ${name}`, "Build without --keep to see whether a pod of one build starts."],
  });
}
