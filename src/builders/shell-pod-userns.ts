/**
 * The subordinate ids of a rootless builder's user, for newuidmap, if the pod has its own user namespace. That namespace has only the
 * ids 0 to 65535 (Kubernetes' `idsPerPod`), and the ids of the image's own /etc/subuid, 100000 and up, are outside of it.
 */
import type { V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { FILES_VOLUME } from "../plan/layout.ts";

const FILE = "subordinate-ids";
/** All ids except the user's own and root, which is mapped separately. */
const RANGES = "user:1:999\nuser:1001:64535\n";

export function subordinateFiles(plan: BuildPlan): Readonly<Record<string, string>> {
  return plan.userns === "always" ? { [FILE]: RANGES } : {};
}

export function subordinateMounts(plan: BuildPlan): V1VolumeMount[] {
  if (plan.userns !== "always") return [];
  return ["/etc/subuid", "/etc/subgid"].map((mountPath) => ({
    name: FILES_VOLUME,
    mountPath,
    subPath: FILE,
    readOnly: true,
  }));
}
