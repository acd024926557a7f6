/**
 * Cancels a build that any client may have started, and leaves its record: its Job ends at once by its deadline, its pod is deleted, and
 * the Job's TTL or `slipway rm` removes the rest. A Job that cannot be ended like this is deleted.
 */
import type { V1Job } from "@kubernetes/client-node";
import { AuthError } from "../errors.ts";
import { pause } from "../lib/kube/backoff.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { httpStatusOf } from "../lib/kube/refusal.ts";
import { endOf, readJob } from "./follow/gone.ts";
import { identityOf } from "./identity.ts";
import { ANNOTATION } from "./labels.ts";
import { removeBuildOf, removeInputsOf } from "./remove.ts";

/** How long the Job's controller may take to end the Job; usually a tenth of a second. */
const END_TIMEOUT_MS = 5000;
const JOB_POLL_INTERVAL_MS = 100;

/** @param by the user who cancels, for the record @throws ClusterError or AuthError if the build can neither be ended nor removed */
export async function cancelBuild(cluster: Cluster, job: V1Job, by: string): Promise<void> {
  const identity = identityOf(job);
  await removeInputsOf(cluster, identity.name);
  // The deadline of a suspended Job does not run.
  const ended = job.spec?.suspend !== true && (await endByDeadline(cluster, job, by));
  if (!ended) await removeBuildOf(cluster, identity);
}

/** Whether the Job has ended, or no longer exists. */
async function endByDeadline(cluster: Cluster, job: V1Job, by: string): Promise<boolean> {
  const identity = identityOf(job);
  const signal = AbortSignal.timeout(END_TIMEOUT_MS);
  const change = { metadata: { annotations: { [ANNOTATION.cancelledBy]: by } }, spec: { activeDeadlineSeconds: 1 } };
  try {
    await cluster.patch("jobs", identity, change, signal);
    for (;;) {
      const now = await readJob(cluster, identity);
      if (now === undefined || endOf(now) !== undefined || now.status?.completionTime !== undefined) return true;
      await pause(JOB_POLL_INTERVAL_MS, signal);
    }
  } catch (error) {
    if (httpStatusOf(error) === 404) return true;
    // A Role made for an earlier slipway does not allow patch.
    if (error instanceof AuthError || signal.aborted) return false;
    throw error;
  }
}
