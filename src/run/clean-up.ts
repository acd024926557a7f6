/** Cleans up the objects of a build that was interrupted or failed to start. */
import { AuthError, Cancelled, clauseOf } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { httpStatusOf, hasLostContact } from "../lib/kube/refusal.ts";
import { isUnsent } from "../lib/kube/unreachable.ts";
import { removeStarted } from "./remove.ts";
import type { StartedBuild } from "./start.ts";

/** Tells how to come back to a build after this error, by which only the contact to it was lost. */
export function warnStillRunning(build: string, error: unknown, emit: Emit): void {
  const before = error instanceof AuthError ? "Log in to the cluster again, and attach" : "Attach";
  emit({
    type: "warning",
    message: `build ${build} keeps running in the cluster`,
    suggestions: [`${before} to it with \`slipway attach ${build}\`.`],
  });
}

export interface Progress {
  /** The objects that the cluster has confirmed; undefined if not even the Job exists. */
  readonly started: Pick<StartedBuild, "job" | "inputs"> | undefined;
  /** The build can finish without its client. */
  readonly independent: boolean;
}

/**
 * Removes a build that was stopped by an error. A build that only lost its client keeps running; if the cluster has certainly
 * created nothing, nothing is done. If removing fails, the Job's TTL removes the rest.
 */
export async function cleanUp(
  name: string,
  { cluster, emit }: { readonly cluster: Cluster; readonly emit: Emit },
  error: unknown,
  { started, independent }: Progress,
): Promise<void> {
  if (independent && hasLostContact(error)) {
    warnStillRunning(name, error, emit);
    return;
  }
  if (started === undefined && createdNothing(error)) return;
  // Its record stays for the user who cancelled it, who has removed its inputs.
  if (error instanceof Cancelled) return;
  try {
    await removeStarted(cluster, name, started);
  } catch (failure) {
    const job = started !== undefined ? "the Job" : "the Job, if it was created,";
    emit({
      type: "warning",
      message: `cleanup failed (${clauseOf(failure)}); the cluster will delete ${job} when its TTL expires`,
    });
  }
}

/**
 * Whether the request that creates the Job, which failed with this error, has certainly had no effect: it was refused, or never
 * left this machine. If the name is taken (409), an earlier attempt of this client may have created the Job.
 */
function createdNothing(error: unknown): boolean {
  const code = httpStatusOf(error);
  if (code !== undefined) return code < 500 && code !== 409;
  return error instanceof AuthError || (error instanceof Error && isUnsent(error.cause));
}
