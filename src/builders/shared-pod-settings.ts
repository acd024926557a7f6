/** What docker's options ask of the pod by which a builder's RUN runs in it directly: its /etc/hosts and its /dev/shm. */
import type { V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";

const SHARED_MEMORY_VOLUME = "shared-memory";

/** The pod's /etc/hosts, for a builder whose RUN shares it. */
export function hostAliases({ hosts }: BuildPlan): Pick<V1PodSpec, "hostAliases"> {
  if (hosts === undefined) return {};
  const names = new Map<string, string[]>();
  for (const { host, ip } of hosts) names.set(ip, [...(names.get(ip) ?? []), host]);
  return { hostAliases: [...names].map(([ip, hostnames]) => ({ ip, hostnames })) };
}

/** Every container has a mount there, which no builder takes for a part of the image. */
export function sharedMemoryMounts({ shmBytes }: BuildPlan): V1VolumeMount[] {
  return shmBytes === undefined ? [] : [{ name: SHARED_MEMORY_VOLUME, mountPath: "/dev/shm" }];
}

export function sharedMemoryVolumes({ shmBytes }: BuildPlan): V1Volume[] {
  if (shmBytes === undefined) return [];
  return [{ name: SHARED_MEMORY_VOLUME, emptyDir: { medium: "Memory", sizeLimit: String(shmBytes) } }];
}
