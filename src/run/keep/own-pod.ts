/**
 * Checks that a pod is the one that the Job's controller made from the Job's template. Pure.
 *
 * A user who may create only Jobs cannot forge a pod with the Job's uid in its labels: the API server refuses a Job whose template
 * has another Job's uid. A user who may create pods can copy the owner and the labels. So this also compares what runs in the pod:
 * it must be the same program with the same volumes, and no other container of the pod may mount these volumes.
 */
import { isDeepStrictEqual } from "node:util";
import type { V1Container, V1Job, V1Pod, V1PodSpec, V1Volume } from "@kubernetes/client-node";
import { identityOf, isPodOf } from "../identity.ts";

/** @param container name of the container that the client will connect to */
export function isOwnPod(pod: V1Pod, job: V1Job, container: string): boolean {
  if (!isPodOf(pod, identityOf(job))) return false;
  const wanted = job.spec?.template.spec;
  if (wanted === undefined || pod.spec === undefined) return false;
  return runsTheSame(pod.spec, wanted, container);
}

/** Fields of a pod by which somebody could see into its containers, or answer for a registry in their network. */
const POD_FIELDS = [
  "hostPID",
  "hostNetwork",
  "hostIPC",
  "shareProcessNamespace",
  "hostAliases",
  "dnsPolicy",
] as const satisfies readonly (keyof V1PodSpec)[];

function runsTheSame(spec: V1PodSpec, wanted: V1PodSpec, name: string): boolean {
  const ours = wanted.containers.find((container) => container.name === name);
  if (ours === undefined || !spec.containers.some((container) => container.name === name)) return false;
  // One with a target sees its processes and files.
  if (spec.ephemeralContainers?.some(({ targetContainerName }) => targetContainerName === name) === true) return false;
  for (const field of POD_FIELDS)
    if (!isDeepStrictEqual(spec[field] || undefined, wanted[field] || undefined)) return false;
  if (!isDeepStrictEqual(spec.dnsConfig?.nameservers ?? [], wanted.dnsConfig?.nameservers ?? [])) return false;
  const volumes = new Set(ours.volumeMounts?.map((mount) => mount.name));
  const mounted = (from: V1PodSpec): readonly V1Volume[] =>
    (from.volumes ?? []).filter((volume) => volumes.has(volume.name));
  if (!isDeepStrictEqual(mounted(spec), mounted(wanted))) return false;
  // Admission may add containers, but none of them may mount our volumes. Those of the template are as in the template.
  const known = new Map(allOf(wanted).map((container) => [container.name, programOf(container)]));
  return allOf(spec).every((container) => {
    const program = known.get(container.name);
    if (program !== undefined) return isDeepStrictEqual(program, programOf(container));
    return !(container.volumeMounts ?? []).some((mount) => volumes.has(mount.name));
  });
}

function allOf({ containers, initContainers = [], ephemeralContainers = [] }: V1PodSpec): readonly V1Container[] {
  return [...containers, ...initContainers, ...ephemeralContainers];
}

/**
 * Returns all of a container but what admission and the API server add: mounts of tokens, resources, and where its messages go. A probe is a
 * program too, and variables may come from a ConfigMap.
 */
function programOf(container: V1Container): object {
  const {
    imagePullPolicy: _pull,
    resources: _resources,
    resizePolicy: _resize,
    terminationMessagePath: _path,
    terminationMessagePolicy: _policy,
    command = [],
    args = [],
    env = [],
    envFrom = [],
    ports = [],
    securityContext = {},
    volumeMounts = [],
    ...rest
  } = container;
  return {
    ...rest,
    command,
    args,
    env: env.filter(({ name }) => !name.startsWith("KUBERNETES_")),
    envFrom,
    ports,
    securityContext,
    mounts: volumeMounts.filter(({ mountPath }) => !mountPath.startsWith("/var/run/secrets/")),
  };
}
