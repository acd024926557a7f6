/**
 * Whether a pod is the one that the Job's controller made from the Job's template. Pure.
 *
 * Only the Job's controller makes pods whose labels name its uid, for those who may create Jobs and nothing else: the API server
 * refuses a Job whose template names another's. One who may create pods could copy the owner and the labels; such a pod is told by
 * what runs in it. It has to be the same program on the same volumes, which no other container of the pod has.
 */
import type { V1Container, V1Job, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import { identityOf, isPodOf } from "../identity.ts";

/** @param container name of the one that is to be talked to */
export function isOwnPod(pod: V1Pod, job: V1Job, container: string): boolean {
  if (!isPodOf(pod, identityOf(job))) return false;
  const wanted = job.spec?.template.spec;
  if (wanted === undefined || pod.spec === undefined) return false;
  return runsTheSame(pod.spec, wanted, container);
}

function runsTheSame(spec: V1PodSpec, wanted: V1PodSpec, name: string): boolean {
  const theirs = spec.containers.find((container) => container.name === name);
  const ours = wanted.containers.find((container) => container.name === name);
  if (theirs === undefined || ours === undefined) return false;
  if (programOf(theirs) !== programOf(ours)) return false;
  for (const field of ["hostPID", "hostNetwork", "hostIPC", "shareProcessNamespace"] as const) {
    if ((spec[field] ?? false) !== (wanted[field] ?? false)) return false;
  }
  const volumes = new Set(ours.volumeMounts?.map((mount) => mount.name));
  const definition = (from: V1PodSpec): string =>
    stable((from.volumes ?? []).filter((volume) => volumes.has(volume.name)));
  if (definition(spec) !== definition(wanted)) return false;
  // Admission may add containers; none of them may look into our volumes.
  const known = new Set([...wanted.containers, ...(wanted.initContainers ?? [])].map((container) => container.name));
  const added = [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => !known.has(container.name));
  return !added.some(({ volumeMounts = [] }) => volumeMounts.some((mount) => volumes.has(mount.name)));
}

/** What runs, and on what: mounts and variables that admission adds besides ours do not count. */
function programOf({ image, command, args, env, securityContext, volumeMounts, lifecycle }: V1Container): string {
  return stable({
    image,
    command: command ?? [],
    args: args ?? [],
    env: (env ?? []).filter(({ name }) => !name.startsWith("KUBERNETES_")),
    securityContext: securityContext ?? {},
    mounts: (volumeMounts ?? []).filter(({ mountPath }) => !mountPath.startsWith("/var/run/secrets/")),
    lifecycle: lifecycle ?? {},
  });
}

/** JSON with its keys in order. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
