/**
 * Img's arguments for docker's options: only caches and archives. Its state is not kept on a volume: img compares the files of contexts
 * only by size and time, under one name for all contexts, and so it once built the Dockerfile of another project.
 */
import type { BuildPlan } from "../../plan/plan.ts";
import type { CacheEntry } from "../../plan/docker/options.ts";
import { csvLine } from "../../lib/pflag/csv.ts";
import type { FlagCapability } from "../../plan/docker/capabilities.ts";
import { EXPORT_MOUNT } from "../shell-pod.ts";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI } from "../../plan/layout.ts";

export const IMG_OPTIONS: readonly FlagCapability[] = [
  "cache-inline",
  "cache-registry",
  "output-docker",
  "output-files",
  "output-oci",
];

export function optionArguments({ cacheFrom, cacheTo }: BuildPlan): string[] {
  const line = ({ type, attributes }: CacheEntry): string => csvLine([["type", type], ...Object.entries(attributes)]);
  return [
    ...(cacheFrom ?? []).map((entry) => `--cache-from=${line(entry)}`),
    ...(cacheTo ?? []).map((entry) => `--cache-to=${line(entry)}`),
  ];
}

/** Lines that export the built image from img's store: `img save` takes one name, and writes an OCI layout only as an archive. */
export function exportScript(plan: BuildPlan, name: string): string[] {
  const formats = new Set((plan.exports ?? []).map(({ format }) => format));
  const save = (format: string, file: string): string => `img save --format=${format} --output='${file}' '${name}'`;
  const layout = `${EXPORT_MOUNT}/${EXPORT_OCI}`;
  return [
    ...(formats.has("docker") ? [save("docker", `${EXPORT_MOUNT}/${EXPORT_DOCKER}`)] : []),
    ...(formats.has("oci")
      ? [save("oci", `${layout}.tar`), `mkdir ${layout}\ntar -xf ${layout}.tar -C ${layout}`]
      : []),
    // Uses the cache of the build above.
    ...(formats.has("tar") || formats.has("local")
      ? [`img build --output=type=tar,dest=${EXPORT_MOUNT}/${EXPORT_FILES} "$@"`]
      : []),
  ];
}
