/**
 * Checks that a pod is the one that the Job's controller made from the Job's template. Pure.
 *
 * A user who may create only Jobs cannot forge a pod with the Job's uid in its labels: the API server refuses a Job whose template
 * has another Job's uid. A user who may create pods can copy the owner and the labels. So this also compares what runs in the pod:
 * it must be the same program with the same volumes, and no other container of the pod may mount these volumes.
 */
import type { V1Container, V1Job, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import { identityOf, isPodOf } from "../identity.ts";

/** @param container name of the container that the client will connect to */
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
  // Admission may add containers, but none of them may mount our volumes.
  const known = new Set([...wanted.containers, ...(wanted.initContainers ?? [])].map((container) => container.name));
  const added = [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => !known.has(container.name));
  return !added.some(({ volumeMounts = [] }) => volumeMounts.some((mount) => volumes.has(mount.name)));
}

/** Returns what a container runs and mounts, without the mounts and variables that admission adds. */
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

/** Returns JSON with sorted keys. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
