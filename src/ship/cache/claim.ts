/** The volume a project's contexts are kept on between builds. It is no build's own: it stays until `slipway cache rm`. */
import { createHash } from "node:crypto";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";

/** What a kept volume holds, as its label says. */
export const VOLUME_LABEL = "slipway.dev/volume";
export const CONTEXT_VOLUMES = `${VOLUME_LABEL}=context`;
/** The project's name as the user knows it: a label could not hold every name. */
export const PROJECT_ANNOTATION = "slipway.dev/cache-name";

/** Of the tree on the volume: another version starts anew. */
const FORM = 1;

export interface CacheVolume {
  /** The project. */
  readonly name: string;
  /** A Kubernetes quantity. */
  readonly size: string;
  readonly storageClass?: string;
}

/** @param owner the user the receiver runs as: another one could not read or replace its files. */
export function claimOf(volume: CacheVolume, owner: number, version: string): V1PersistentVolumeClaim {
  const slug = volume.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(-30)
    .replaceAll(/^-+|-+$/g, "");
  const id = createHash("sha256")
    .update(JSON.stringify([FORM, owner, volume.name]))
    .digest("hex")
    .slice(0, 10);
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: ["slipway-context", ...(slug === "" ? [] : [slug]), id].join("-"),
      labels: {
        "app.kubernetes.io/managed-by": "slipway",
        "app.kubernetes.io/version": version,
        [VOLUME_LABEL]: "context",
      },
      annotations: { [PROJECT_ANNOTATION]: volume.name },
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: volume.size } },
      ...(volume.storageClass === undefined ? {} : { storageClassName: volume.storageClass }),
    },
  };
}
