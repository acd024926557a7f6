/**
 * Volumes besides the context's: the one that keeps a builder's state between builds, which belongs to no single build
 * (`slipway prune --volumes` removes it), and those for `--secret` and `--ssh`. A secret is a file named by its id. Values from the
 * client are keys of the build's own Secret; secrets of the namespace are mounted from where they are.
 */
import type { V1PersistentVolumeClaim, V1Volume, V1VolumeProjection } from "@kubernetes/client-node";
import { CACHE_VOLUME, SECRETS_VOLUME, SSH_VOLUME, secretKey } from "../plan/layout.ts";
import { inputsName } from "../plan/inputs-name.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { VOLUME_LABEL } from "../ship/cache/claim.ts";
import { LABEL, labelsOf } from "./labels.ts";
import { sshKeyName } from "../plan/docker/ssh-keys.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export function cacheVolumes({ cacheVolume }: BuildPlan): V1Volume[] {
  return cacheVolume === undefined ? [] : [{ name: CACHE_VOLUME, persistentVolumeClaim: { claimName: cacheVolume } }];
}

/** Created by the first build that names it. */
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
      ...omitUndefined({ storageClassName: storageClass }),
    },
  };
}

/** Readable by every user: the volumes are only in this pod, and not every builder runs as root. */
const FILE_MODE = 0o444;

/** Values by the secret's id, and keys by `sshKeyName`. */
export type SecretValues = ReadonlyMap<string, Uint8Array>;

export function secretVolumes(plan: BuildPlan): V1Volume[] {
  const sources = (plan.secrets ?? []).map(({ id, source }): V1VolumeProjection => {
    const from = source.kind === "cluster" ? source : { secret: inputsName(plan.name), key: keyOf(id) };
    return { secret: { name: from.secret, items: [{ key: from.key, path: id }] } };
  });
  return sources.length === 0 ? [] : [{ name: SECRETS_VOLUME, projected: { sources, defaultMode: FILE_MODE } }];
}

/** Keys of `--ssh`, which always come from the client. */
export function sshVolumes(plan: BuildPlan): V1Volume[] {
  const items = (plan.ssh ?? []).flatMap(({ id, paths }) =>
    paths.map((_, at) => ({ key: keyOf(sshKeyName(id, at)), path: `${id}/${at}` })),
  );
  return items.length === 0
    ? []
    : [{ name: SSH_VOLUME, secret: { secretName: inputsName(plan.name), items, defaultMode: FILE_MODE } }];
}

export function secretData(values: SecretValues | undefined): Record<string, string> {
  return Object.fromEntries(
    [...(values ?? [])].map(([id, value]) => [keyOf(id), Buffer.from(value).toString("base64")]),
  );
}

/** An id has only characters that a Secret's key may have; the name of an ssh key also has slashes. */
function keyOf(id: string): string {
  return id.includes("/") ? `build-${id.replaceAll("/", ".")}` : secretKey(id);
}
