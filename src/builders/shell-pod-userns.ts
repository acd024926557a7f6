/**
 * The ranges newuidmap gives the user of a rootless builder, when the pod has a user namespace of its own: that has the ids 0 to
 * 65535 alone (Kubernetes' `idsPerPod`), and those of the image's own /etc/subuid, 100000 and up, lie outside of it.
 */
import type { V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { FILES_VOLUME } from "../plan/layout.ts";

const FILE = "subordinate-ids";
/** All but the user itself and root, which is mapped by itself. */
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
