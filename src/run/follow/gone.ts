/** Why a build's pod was deleted, or is being deleted, before its end: the Job knows of its deadline, the pod of who evicted it. */
import type { V1Job, V1JobCondition, V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { httpStatusOf, reportedBy } from "../../lib/kube/refusal.ts";
import { explainDenial } from "../../lib/kube/denial.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import { clientLost, needsClient } from "../client-lease.ts";
import { errorOf, timedOut } from "./pod-failure.ts";

/** The Job's controller deletes the pod before it writes down why; so long, in milliseconds, that may take. */
const VERDICT_EXPECTED = 3000;
const ASK_AGAIN = 250;

export interface GoneBuild {
  readonly job: string;
  readonly timeoutSeconds: number;
}

/** @param pod as it was last seen, if it was. */
export async function goneError(cluster: Cluster, build: GoneBuild, pod?: V1Pod): Promise<Error> {
  const verdict = await jobVerdict(cluster, build.job);
  if (verdict === "deleted") {
    return (
      (await namespaceEnd(cluster, build.job)) ??
      new ClusterError(`the build was cancelled: its Job ${build.job} was deleted`, {
        suggestions: ["Somebody or something deleted it. Build again."],
      })
    );
  }
  if (verdict === "client lost") return clientLost();
  if (verdict === "DeadlineExceeded") return timedOut(build.timeoutSeconds);
  return (
    disruption(pod) ??
    (await namespaceEnd(cluster, build.job)) ??
    errorOf({ reason: "Deleted", message: "the build's pod was deleted before it had ended" }, 0)
  );
}

/**
 * That the namespace is being deleted, if it is: asked by creating something in it, in a dry run, as who builds there may
 * often not read the namespace itself, and loses all rights in it while it goes. Every build may create Jobs. This one is none, as it
 * runs nothing: it is refused for that, unless its namespace goes, which is looked at before (admission plugin NamespaceLifecycle).
 */
async function namespaceEnd(cluster: Cluster, job: string): Promise<ClusterError | undefined> {
  try {
    const object = { metadata: { name: job } };
    await cluster.create("jobs", object, AbortSignal.timeout(VERDICT_EXPECTED), { dryRun: true });
    return undefined;
  } catch (error) {
    const said = reportedBy(error);
    const going = explainDenial(said)?.namespaceGoes === true || /^namespaces "[^"]+" not found/.test(said);
    if (!going && !(error instanceof AuthError)) return undefined;
    const how = going ? "is being deleted" : "is probably being deleted: it takes no requests of yours any more";
    return new ClusterError(`the build was ended: its namespace "${cluster.namespace}" ${how}`, {
      suggestions: ["Build in another namespace (-n), or create this one again when it is gone."],
    });
  }
}

/** The reason of the Job's end; undefined when it names none in time. */
async function jobVerdict(cluster: Cluster, name: string): Promise<string | undefined> {
  const until = performance.now() + VERDICT_EXPECTED;
  for (;;) {
    const job = await readJob(cluster, name);
    if (job === undefined || job.metadata?.deletionTimestamp !== undefined) return "deleted";
    const end = endOf(job);
    if (end?.reason === "DeadlineExceeded" && needsClient(job)) return "client lost";
    if (end !== undefined || performance.now() > until) return end?.reason;
    await new Promise((resolve) => {
      setTimeout(resolve, ASK_AGAIN);
    });
  }
}

/** The condition that says that the Job has failed, or is being brought to its end. */
export function endOf(job: V1Job): V1JobCondition | undefined {
  return job.status?.conditions?.find(
    ({ type, status }) => status === "True" && (type === "Failed" || type === "FailureTarget"),
  );
}

/** The Job, or undefined when there is none by that name. @throws what the cluster throws otherwise. */
export async function readJob(cluster: Cluster, name: string): Promise<V1Job | undefined> {
  try {
    return await cluster.read("jobs", name);
  } catch (error) {
    // A namespace that goes takes the right to ask with it.
    if (httpStatusOf(error) === 404 || httpStatusOf(error) === 403) return undefined;
    throw error;
  }
}

/**
 * Reasons of the condition DisruptionTarget, each with what happened
 * (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions).
 */
const DISRUPTIONS: Readonly<Record<string, string>> = {
  PreemptionByScheduler: "the scheduler gave its room to a pod of higher priority",
  DeletionByTaintManager: "its node was lost, or was given a taint that the pod does not tolerate",
  EvictionByEvictionAPI: "it was evicted, as when a node is drained",
  DeletionByPodGC: "its node is not there any more",
  TerminationByKubelet: "its node ended it",
};

function disruption(pod: V1Pod | undefined): ClusterError | undefined {
  const condition = pod?.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  const what = DISRUPTIONS[condition?.reason ?? ""];
  if (condition === undefined || what === undefined) return undefined;
  const node = pod?.spec?.nodeName === undefined ? "" : ` on ${pod.spec.nodeName}`;
  const why =
    condition.message === undefined || condition.message === "" ? "" : ` (${condition.message.replace(/\.$/, "")})`;
  return new ClusterError(`the build's pod${node} was ended from outside: ${what}${why}`, {
    suggestions: ["Build again: nothing of it is lost but the time."],
  });
}
