/**
 * What img makes of docker's further options: caches and archives, no more. Its state is not kept on a volume: it tells the files of
 * one context from another's by size and time alone, under one name for all, and so built one project's Dockerfile in another's place.
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

/** What is brought out of img's store once the image is built: `img save` takes one name, and the layout as an archive alone. */
export function exportScript(plan: BuildPlan, name: string): string[] {
  const formats = new Set((plan.exports ?? []).map(({ format }) => format));
  const save = (format: string, file: string): string => `img save --format=${format} --output='${file}' '${name}'`;
  const layout = `${EXPORT_MOUNT}/${EXPORT_OCI}`;
  return [
    ...(formats.has("docker") ? [save("docker", `${EXPORT_MOUNT}/${EXPORT_DOCKER}`)] : []),
    ...(formats.has("oci")
      ? [save("oci", `${layout}.tar`), `mkdir ${layout}\ntar -xf ${layout}.tar -C ${layout}`]
      : []),
    // Served from the build just done.
    ...(formats.has("tar") || formats.has("local")
      ? [`img build --output=type=tar,dest=${EXPORT_MOUNT}/${EXPORT_FILES} "$@"`]
      : []),
  ];
}
