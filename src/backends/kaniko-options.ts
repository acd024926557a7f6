/** What kaniko makes of docker's further options: arguments, mounts and the pod around it. */
import type { V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../build/plan.ts";
import type { FlagCapability } from "./flag-capabilities.ts";
import { platformText } from "./platform-text.ts";
import { EXPORT_DOCKER, EXPORT_OCI, EXPORT_VOLUME } from "./volumes.ts";

export const KANIKO_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "cache-registry",
  "output-docker",
  "output-oci",
  "shm-size",
];

/** Below /kaniko, as all its mounts. */
const EXPORT_MOUNT = "/kaniko/slipway-export";
const SHARED_MEMORY_VOLUME = "shared-memory";

export function optionArguments(plan: BuildPlan): string[] {
  const args = cacheArguments(plan);
  if (plan.platform !== undefined) args.push(`--custom-platform=${platformText(plan.platform)}`);
  const formats = new Set((plan.exports ?? []).map(({ format }) => format));
  if (formats.has("docker")) args.push(`--tar-path=${EXPORT_MOUNT}/${EXPORT_DOCKER}`);
  if (formats.has("oci")) args.push(`--oci-layout-path=${EXPORT_MOUNT}/${EXPORT_OCI}`);
  return args;
}

/** Kaniko has one repository for its cache, which it reads and, unless told not to, writes. */
function cacheArguments(plan: BuildPlan): string[] {
  const written = plan.cacheTo?.find(({ type }) => type === "registry");
  const read = plan.cacheFrom?.find(({ type }) => type === "registry");
  const repository = repositoryOf((written ?? read)?.attributes["ref"]);
  if (repository === undefined || plan.noCache) return [];
  return [
    "--cache=true",
    `--cache-repo=${repository}`,
    ...(written === undefined ? ["--no-push-cache"] : []),
    ...(written?.attributes["mode"] === "max" ? ["--cache-copy-layers"] : []),
  ];
}

/** A reference without tag and digest: kaniko keeps each layer under a tag of its own. */
function repositoryOf(reference: string | undefined): string | undefined {
  return reference?.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}

export function optionMounts(plan: BuildPlan): V1VolumeMount[] {
  return [
    ...((plan.exports ?? []).length === 0 ? [] : [{ name: EXPORT_VOLUME, mountPath: EXPORT_MOUNT }]),
    // Every container has a mount there, which kaniko knows not to take for a part of the image.
    ...(plan.shmBytes === undefined ? [] : [{ name: SHARED_MEMORY_VOLUME, mountPath: "/dev/shm" }]),
  ];
}

/** RUN shares the pod's network, its /etc/hosts and its memory. */
export function optionPod(plan: BuildPlan): { volumes: V1Volume[]; pod?: Partial<V1PodSpec> } {
  const volumes: V1Volume[] =
    plan.shmBytes === undefined
      ? []
      : [{ name: SHARED_MEMORY_VOLUME, emptyDir: { medium: "Memory", sizeLimit: String(plan.shmBytes) } }];
  if (plan.hosts === undefined) return { volumes };
  const names = new Map<string, string[]>();
  for (const { host, ip } of plan.hosts) names.set(ip, [...(names.get(ip) ?? []), host]);
  return { volumes, pod: { hostAliases: [...names].map(([ip, hostnames]) => ({ ip, hostnames })) } };
}
