/** /etc/hosts and /dev/shm of the pod, for builders whose RUN runs directly in the pod. */
import type { V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";

const SHARED_MEMORY_VOLUME = "shared-memory";

/** The entries of --add-host, in the pod's /etc/hosts. */
export function hostAliases({ hosts }: BuildPlan): Pick<V1PodSpec, "hostAliases"> {
  if (hosts === undefined) return {};
  const names = new Map<string, string[]>();
  for (const { host, ip } of hosts) names.set(ip, [...(names.get(ip) ?? []), host]);
  return { hostAliases: [...names].map(([ip, hostnames]) => ({ ip, hostnames })) };
}

/** Every container has a mount at /dev/shm, so builders do not include it in the image. */
export function sharedMemoryMounts({ shmBytes }: BuildPlan): V1VolumeMount[] {
  return shmBytes === undefined ? [] : [{ name: SHARED_MEMORY_VOLUME, mountPath: "/dev/shm" }];
}

export function sharedMemoryVolumes({ shmBytes }: BuildPlan): V1Volume[] {
  if (shmBytes === undefined) return [];
  return [{ name: SHARED_MEMORY_VOLUME, emptyDir: { medium: "Memory", sizeLimit: String(shmBytes) } }];
}
