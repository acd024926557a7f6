/** Why a build's pod was deleted before its end: the Job's status shows its deadline, the pod's status shows an eviction. */
import type { V1Job, V1JobCondition, V1Pod } from "@kubernetes/client-node";
import type { Cluster, ObjectIdentity } from "../../lib/kube/cluster.ts";
import { httpStatusOf, reportedBy } from "../../lib/kube/refusal.ts";
import { explainDenial } from "../../lib/kube/denial.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import { cancelledBy, cancelledError } from "../cancelled.ts";
import { clientLost, needsClient } from "../client-lease.ts";
import { silentNode } from "./pod-state.ts";
import { errorOf, timedOut } from "./pod-failure.ts";

/** The Job's controller deletes the pod before it writes the reason into the Job's status; this is how long that may take. */
const REASON_TIMEOUT_MS = 3000;
const JOB_POLL_INTERVAL_MS = 250;

export interface GoneBuild {
  readonly job: ObjectIdentity;
  readonly timeoutSeconds: number;
}

/** @param pod its last known state, if it was ever seen. */
export async function goneError(cluster: Cluster, build: GoneBuild, pod?: V1Pod): Promise<Error> {
  const reason = await endReason(cluster, build.job);
  if (typeof reason === "object") return cancelledError(reason.cancelledBy);
  if (reason === "deleted") {
    return (
      (await namespaceEnd(cluster, build.job.name)) ??
      new ClusterError(`the build was cancelled: its Job ${build.job.name} was deleted`, {
        suggestions: ["A person or a controller deleted it. Build again."],
      })
    );
  }
  if (reason === "suspended") {
    return new ClusterError(`the build was ended: its Job ${build.job.name} was suspended while it ran`, {
      suggestions: ["A queue such as Kueue does that for work of higher priority. Build again when there is room."],
    });
  }
  if (reason === "client lost") return clientLost();
  if (reason === "DeadlineExceeded") return timedOut(build.timeoutSeconds);
  return (
    disruption(pod) ??
    (await namespaceEnd(cluster, build.job.name)) ??
    errorOf({ reason: "Deleted", message: "the build's pod was deleted before it had ended" }, 0)
  );
}

/**
 * The error if the namespace is being deleted. This is found out by creating a Job in a dry run: users who build often may not read the
 * namespace itself, and lose their rights in it while it is deleted. Every build may create Jobs. The Job is invalid, because it
 * runs nothing, so it is refused; but a namespace that is being deleted is reported first (admission plugin NamespaceLifecycle).
 */
async function namespaceEnd(cluster: Cluster, job: string): Promise<ClusterError | undefined> {
  try {
    const object = { metadata: { name: job } };
    await cluster.create("jobs", object, AbortSignal.timeout(REASON_TIMEOUT_MS), { dryRun: true });
    return undefined;
  } catch (error) {
    const said = reportedBy(error);
    const going = explainDenial(said)?.namespaceGoes === true || /^namespaces "[^"]+" not found/.test(said);
    if (!going && !(error instanceof AuthError)) return undefined;
    const how = going ? "is being deleted" : "is probably being deleted: it no longer accepts your requests";
    return new ClusterError(`the build was ended: its namespace "${cluster.namespace}" ${how}`, {
      suggestions: ["Build in another namespace (-n), or create this one again once it is deleted."],
    });
  }
}

/** The reason in the Job's status; undefined when there is none in time. */
async function endReason(
  cluster: Cluster,
  build: ObjectIdentity,
): Promise<string | { readonly cancelledBy: string } | undefined> {
  const until = performance.now() + REASON_TIMEOUT_MS;
  for (;;) {
    const job = await readJob(cluster, build);
    if (job === undefined || job.metadata?.deletionTimestamp !== undefined) return "deleted";
    if (job.spec?.suspend === true) return "suspended";
    const end = endOf(job);
    const by = cancelledBy(job);
    if (end?.reason === "DeadlineExceeded" && by !== undefined) return { cancelledBy: by };
    if (end?.reason === "DeadlineExceeded" && needsClient(job)) return "client lost";
    if (end !== undefined || performance.now() > until) return end?.reason;
    await new Promise((resolve) => {
      setTimeout(resolve, JOB_POLL_INTERVAL_MS);
    });
  }
}

/** The condition that shows that the Job has failed, or is about to. */
export function endOf(job: V1Job): V1JobCondition | undefined {
  return job.status?.conditions?.find(
    ({ type, status }) => status === "True" && (type === "Failed" || type === "FailureTarget"),
  );
}

/** The Job; undefined if it does not exist, also when another one has its name. @throws what the cluster throws otherwise. */
export async function readJob(cluster: Cluster, { name, uid }: ObjectIdentity): Promise<V1Job | undefined> {
  try {
    const job = await cluster.read("jobs", name);
    return job.metadata?.uid === uid ? job : undefined;
  } catch (error) {
    // In a namespace that is being deleted the right to read is gone as well.
    if (httpStatusOf(error) === 404 || httpStatusOf(error) === 403) return undefined;
    throw error;
  }
}

/**
 * Reasons of the condition DisruptionTarget, each with what happened
 * (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions).
 */
const DISRUPTIONS: Readonly<Record<string, string>> = {
  PreemptionByScheduler: "the scheduler made room for a pod of higher priority",
  DeletionByTaintManager: "its node was lost, or got a taint that the pod does not tolerate",
  EvictionByEvictionAPI: "it was evicted, for example because its node was drained",
  DeletionByPodGC: "its node no longer exists",
  TerminationByKubelet: "its node terminated it",
};

function disruption(pod: V1Pod | undefined): ClusterError | undefined {
  const condition = pod?.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  const what = DISRUPTIONS[condition?.reason ?? ""];
  if (condition === undefined || what === undefined) return undefined;
  const lost = pod === undefined ? undefined : silentNode(pod);
  if (lost !== undefined && condition.reason === "DeletionByTaintManager") {
    return new ClusterError(
      `the build's pod on ${lost} was terminated: its node was lost, and does not answer any more`,
      {
        suggestions: [`Build again: only time was lost. To see the node: kubectl describe node ${lost}`],
      },
    );
  }
  const node = pod?.spec?.nodeName === undefined ? "" : ` on ${pod.spec.nodeName}`;
  const why =
    condition.message === undefined || condition.message === "" ? "" : ` (${condition.message.replace(/\.$/, "")})`;
  return new ClusterError(`the build's pod${node} was terminated: ${what}${why}`, {
    suggestions: ["Build again: only time was lost."],
  });
}
