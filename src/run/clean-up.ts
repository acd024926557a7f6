/** What becomes of a build that did not come to its end. */
import type { Cluster } from "../lib/kube/cluster.ts";
import { hasLostContact } from "../lib/kube/refusal.ts";
import { AuthError } from "../errors.ts";
import type { BuildObjects } from "./objects.ts";
import { removeBuild } from "./remove.ts";
import type { Emit } from "../events.ts";

/** Only the contact to it was lost, by this error. */
export function sayItGoesOn(build: string, error: unknown, emit: Emit): void {
  const before = error instanceof AuthError ? "Log in to the cluster again, and come" : "Come";
  emit({
    type: "warning",
    message: `the build ${build} goes on in the cluster`,
    suggestions: [`${before} back to it with \`slipway attach ${build}\`.`],
  });
}

/**
 * A build that was broken off goes whole; one we only lost sight of is left to itself. What fails here is left to the Job's TTL.
 * @param handedOver the build can do without its client
 */
export async function cleanUp(
  objects: BuildObjects,
  { cluster, emit }: { readonly cluster: Cluster; readonly emit: Emit },
  error: unknown,
  handedOver: boolean,
): Promise<void> {
  const name = objects.job.metadata?.name ?? "";
  if (handedOver && hasLostContact(error)) {
    sayItGoesOn(name, error, emit);
    return;
  }
  try {
    await removeBuild(cluster, objects);
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    emit({
      type: "warning",
      message: `could not clean up at once (${reason}); the cluster does so by itself when the Job's time is over`,
    });
  }
}
