/** The volume that keeps a builder's state between builds. It is no build's own: `slipway prune --volumes` removes it. */
import type { V1PersistentVolumeClaim, V1Volume } from "@kubernetes/client-node";
import { CACHE_VOLUME } from "../plan/layout.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { VOLUME_LABEL } from "../ship/cache/claim.ts";
import { LABEL, labelsOf } from "./labels.ts";

export function cacheVolumes({ cacheVolume }: BuildPlan): V1Volume[] {
  return cacheVolume === undefined ? [] : [{ name: CACHE_VOLUME, persistentVolumeClaim: { claimName: cacheVolume } }];
}

/** Made by the first build that names it. */
export function cacheClaim(plan: BuildPlan): V1PersistentVolumeClaim | undefined {
  if (plan.cacheVolume === undefined) return undefined;
  const { [LABEL.build]: _build, [LABEL.builder]: _builder, ...labels } = labelsOf(plan);
  const { size, storageClass } = plan.volume;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: plan.cacheVolume, labels: { ...labels, [VOLUME_LABEL]: "builder" } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    },
  };
}
