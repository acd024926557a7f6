/** What kaniko makes of docker's further options: arguments, mounts and the pod around it. */
import type { V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { repositoryOf } from "./cache-repository.ts";
import type { FlagCapability } from "../plan/docker/capabilities.ts";
import { baseImageArguments, baseImageMounts } from "./kaniko-base-images.ts";
import { platformText } from "../lib/image/platform.ts";
import { hostAliases, sharedMemoryMounts, sharedMemoryVolumes } from "./pod-settings.ts";
import { EXPORT_DOCKER, EXPORT_OCI, EXPORT_VOLUME } from "../plan/layout.ts";

export const KANIKO_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "cache-registry",
  "cache-volume",
  "output-docker",
  "output-oci",
  "provenance",
  "registry-token",
  "sbom",
  "shm-size",
];

/** Below /kaniko, as all its mounts. */
const EXPORT_MOUNT = "/kaniko/slipway-export";

export function optionArguments(plan: BuildPlan): string[] {
  const layers = cacheArguments(plan);
  const args = [...layers, ...baseImageArguments(plan, layers.length > 0)];
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
  const entry = written ?? read;
  const repository = entry === undefined ? undefined : repositoryOf(entry);
  if (repository === undefined || plan.noCache) return [];
  return [
    "--cache=true",
    `--cache-repo=${repository}`,
    ...(written === undefined ? ["--no-push-cache"] : []),
    ...(written?.attributes["mode"] === "max" ? ["--cache-copy-layers"] : []),
  ];
}

export function optionMounts(plan: BuildPlan): V1VolumeMount[] {
  return [
    ...((plan.exports ?? []).length === 0 ? [] : [{ name: EXPORT_VOLUME, mountPath: EXPORT_MOUNT }]),
    ...baseImageMounts(plan),
    ...sharedMemoryMounts(plan),
  ];
}

/** RUN shares the pod's network, its /etc/hosts and its memory. */
export function optionPod(plan: BuildPlan): { volumes: V1Volume[]; pod?: Partial<V1PodSpec> } {
  return {
    volumes: sharedMemoryVolumes(plan),
    ...(plan.hosts === undefined ? {} : { pod: hostAliases(plan) }),
  };
}
