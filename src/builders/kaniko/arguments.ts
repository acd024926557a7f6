/** Kaniko's arguments, mounts and pod settings for docker's options, registries and warmed base images. */
import type { V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../../plan/plan.ts";
import {
  AUTH_VOLUME,
  CACHE_VOLUME,
  CA_FILE,
  CA_VOLUME,
  EXPORT_DOCKER,
  EXPORT_OCI,
  EXPORT_VOLUME,
  SECRETS_VOLUME,
} from "../../plan/layout.ts";
import { repositoryOf } from "../arguments.ts";
import type { FlagCapability } from "../../plan/docker/capabilities.ts";
import { platformText } from "../../lib/image/platform.ts";
import { hostAliases, sharedMemoryMounts, sharedMemoryVolumes } from "../shared-pod-settings.ts";

/** Directory of the base images on the volume that `slipway warm` fills. Each builder has a directory there, named after it. */
export const BASE_IMAGES_DIR = "kaniko";
/** Below /kaniko, like all its mounts. */
const MOUNT = "/kaniko/slipway-cache";
/** A layer cache that does not exist: kaniko reads base images from a directory only if a layer cache is enabled too. */
const NO_LAYERS = "oci:/kaniko/slipway-no-layers";
/** Images are stored by digest, so they never become outdated. */
const TEN_YEARS = "87600h";

export function baseImageMounts({ cacheVolume }: BuildPlan): V1VolumeMount[] {
  return cacheVolume === undefined ? [] : [{ name: CACHE_VOLUME, mountPath: MOUNT, readOnly: true }];
}

/** @param cachesLayers the arguments already enable a layer cache. */
export function baseImageArguments({ cacheVolume }: BuildPlan, cachesLayers: boolean): string[] {
  if (cacheVolume === undefined) return [];
  const directory = `--cache-dir=${MOUNT}/${BASE_IMAGES_DIR}`;
  if (cachesLayers) return [directory];
  return ["--cache=true", `--cache-repo=${NO_LAYERS}`, "--no-push-cache", `--cache-ttl=${TEN_YEARS}`, directory];
}

export const KANIKO_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "cache-registry",
  "cache-volume",
  "compression-level",
  "output-docker",
  "output-oci",
  "provenance",
  "registry-token",
  "sbom",
  "secret",
  "shm-size",
];

/** Below /kaniko, like all its mounts. */
const SECRETS_MOUNT = "/kaniko/slipway-secrets";
const EXPORT_MOUNT = "/kaniko/slipway-export";

export function optionArguments(plan: BuildPlan): string[] {
  const layers = cacheArguments(plan);
  const args = [...layers, ...baseImageArguments(plan, layers.length > 0)];
  for (const { id } of plan.secrets ?? []) args.push(`--secret=id=${id},src=${SECRETS_MOUNT}/${id}`);
  const level = plan.imageAttributes?.["compression-level"];
  if (level !== undefined) args.push(`--compression-level=${level}`);
  if (plan.platform !== undefined) args.push(`--custom-platform=${platformText(plan.platform)}`);
  const formats = new Set((plan.exports ?? []).map(({ format }) => format));
  if (formats.has("docker")) args.push(`--tar-path=${EXPORT_MOUNT}/${EXPORT_DOCKER}`);
  if (formats.has("oci")) args.push(`--oci-layout-path=${EXPORT_MOUNT}/${EXPORT_OCI}`);
  return args;
}

/** Kaniko has one repository for its cache. It reads it and, by default, writes it. */
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
    ...(plan.secrets === undefined ? [] : [{ name: SECRETS_VOLUME, mountPath: SECRETS_MOUNT, readOnly: true }]),
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

// The executor and the warmer share these flags and paths for registries.

const CA_MOUNT = "/kaniko/slipway-ca";

export function registryMounts({
  credentials,
  registries,
}: Pick<BuildPlan, "credentials" | "registries">): V1VolumeMount[] {
  return [
    ...(credentials.kind === "none" ? [] : [{ name: AUTH_VOLUME, mountPath: "/kaniko/.docker", readOnly: true }]),
    ...(registries.ca === undefined ? [] : [{ name: CA_VOLUME, mountPath: CA_MOUNT, readOnly: true }]),
  ];
}

export function registryArguments({ registries }: Pick<BuildPlan, "registries">): string[] {
  const { hosts, insecure, ca } = registries;
  return [
    ...insecure.flatMap((host) => [`--insecure-registry=${host}`, `--skip-tls-verify-registry=${host}`]),
    ...(ca === undefined ? [] : hosts.map((host) => `--registry-certificate=${host}=${CA_MOUNT}/${CA_FILE}`)),
  ];
}
