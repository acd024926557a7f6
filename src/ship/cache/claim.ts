/** The volume that keeps a project's contexts between builds. It belongs to no single build and stays until `slipway cache rm`. */
import { createHash } from "node:crypto";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { trimChars } from "../../lib/text/linear.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** The label that says what a kept volume holds. */
export const VOLUME_LABEL = "slipway.dev/volume";
export const CONTEXT_VOLUMES = `${VOLUME_LABEL}=context`;
/** The project's name as the user wrote it: a label cannot hold every name. */
export const PROJECT_ANNOTATION = "slipway.dev/cache-name";

/** How the names of their claims begin. */
export const CONTEXT_CLAIM = "slipway-context";

/** Version of the tree on the volume: a build with another version starts from an empty volume. */
const TREE_VERSION = 1;

export interface CacheVolume {
  /** The project's name. */
  readonly name: string;
  /** A Kubernetes quantity. */
  readonly size: string;
  readonly storageClass?: string;
}

/** @param owner the numeric user that the receiver runs as: another user could not read or replace its files. */
export function claimOf(volume: CacheVolume, owner: number, version: string): V1PersistentVolumeClaim {
  const slug = trimChars(
    volume.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(-30),
    "-",
  );
  const id = createHash("sha256")
    .update(JSON.stringify([TREE_VERSION, owner, volume.name]))
    .digest("hex")
    .slice(0, 10);
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: [CONTEXT_CLAIM, ...(slug === "" ? [] : [slug]), id].join("-"),
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
      ...omitUndefined({ storageClassName: volume.storageClass }),
    },
  };
}
