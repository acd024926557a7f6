/** What Buildah makes of docker's further options. Its RUN has the pod's network and /dev/shm; a --network=none it would pass over. */
import type { BuildPlan } from "../plan/plan.ts";
import type { CacheEntry } from "../plan/docker/options.ts";
import type { FlagCapability } from "../plan/docker/capabilities.ts";
import { repositoryOf } from "./cache-repository.ts";
import { EXPORT_MOUNT, sshArguments } from "./shell-pod.ts";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI } from "../plan/layout.ts";

export const BUILDAH_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "build-context",
  "cache-registry",
  "cache-volume",
  "output-docker",
  "output-files",
  "output-oci",
  "shm-size",
  "source-date-epoch",
  "ssh",
  "ulimit",
];

export function optionArguments(plan: BuildPlan): string[] {
  const files = plan.exports?.some(({ kind }) => kind === "files") === true;
  return [
    ...(plan.hosts ?? []).map(({ host, ip }) => `--add-host=${host}:${ip}`),
    ...(plan.ulimits ?? []).map(({ name, soft, hard }) => `--ulimit=${name}=${soft}:${hard}`),
    ...sshArguments(plan),
    ...cacheArguments(plan),
    ...(files ? [`--output=type=tar,dest=${EXPORT_MOUNT}/${EXPORT_FILES}`] : []),
  ];
}

/** Buildah keeps an image of each step in a repository, under tags of its own: it takes neither tag nor digest. What is on a volume is asked after again. */
function cacheArguments({ cacheFrom, cacheTo, cacheVolume }: BuildPlan): string[] {
  const repositories = (flag: string, entries: readonly CacheEntry[] | undefined): string[] =>
    [...new Set((entries ?? []).flatMap((entry) => repositoryOf(entry) ?? []))].map((name) => `--${flag}=${name}`);
  const args = [...repositories("cache-from", cacheFrom), ...repositories("cache-to", cacheTo)];
  if (cacheVolume !== undefined) args.push("--pull=always");
  return args.length === 0 ? [] : ["--layers", ...args];
}

/**
 * Where besides the registry the image goes, as lines of a script; the last of them tells the digest when nothing is pushed.
 * @param push the line that brings the image to a place, in the words of containers-transports(5)
 */
export function exportScript({ exports = [] }: BuildPlan, push: (to: string) => string): string[] {
  const formats = new Set(exports.map(({ format }) => format));
  return [
    ...(formats.has("docker") ? [push(`docker-archive:${EXPORT_MOUNT}/${EXPORT_DOCKER}`)] : []),
    ...(formats.has("oci") ? [push(`oci:${EXPORT_MOUNT}/${EXPORT_OCI}`)] : []),
  ];
}
