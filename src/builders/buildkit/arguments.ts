/** BuildKit's arguments for docker's options: it supports nearly all of them (frontend/dockerui: config.go). */
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { CacheEntry, ImageAttributes } from "../../plan/docker/options.ts";
import { needsOci } from "../../plan/docker/output-attributes.ts";
import { platformText } from "../../lib/image/platform.ts";
import { csvLine } from "../../lib/pflag/csv.ts";
import type { FlagCapability } from "../../plan/docker/capabilities.ts";
import { EXPORT_MOUNT, sshArguments } from "../shell-pod.ts";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI } from "../../plan/layout.ts";

export const BUILDKIT_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "annotation",
  "build-context",
  "build-context-url",
  "cache-inline",
  "cache-registry",
  "cache-volume",
  "compression-level",
  "image-attributes",
  "network-none",
  "no-cache-filter",
  "output-docker",
  "output-files",
  "output-oci",
  "push-by-digest",
  "shm-size",
  "source-date-epoch",
  "ssh",
  "ulimit",
];

export function optionArguments(plan: BuildPlan): string[] {
  const opts: [name: string, value: string][] = [];
  const list = <T>(name: string, items: readonly T[] | undefined, text: (item: T) => string): void => {
    if (items !== undefined) opts.push([name, items.map(text).join(",")]);
  };
  list("add-hosts", plan.hosts, ({ host, ip }) => `${host}=${ip}`);
  list("ulimit", plan.ulimits, ({ name, soft, hard }) => `${name}=${soft}:${hard}`);
  list("no-cache", plan.noCacheFilter, (stage) => stage);
  for (const { type, attributes } of plan.attestations ?? []) {
    opts.push([`attest:${type}`, csvLine(Object.entries(attributes))]);
  }
  if (plan.network === "none") opts.push(["force-network-mode", "none"]);
  if (plan.shmBytes !== undefined) opts.push(["shm-size", String(plan.shmBytes)]);
  return [
    ...opts.map(([name, value]) => `--opt=${name}=${value}`),
    ...sshArguments(plan),
    ...(plan.cacheFrom ?? []).map((entry) => `--import-cache=${cacheLine(entry)}`),
    ...(plan.cacheTo ?? []).map((entry) => `--export-cache=${cacheLine(entry)}`),
  ];
}

/** The value of the frontend's option `platform`, if it is given. */
export function platformOption({ platform, platforms }: BuildPlan): string[] {
  const wanted = platforms ?? (platform === undefined ? [] : [platform]);
  return wanted.length === 0 ? [] : [wanted.map(platformText).join(",")];
}

/** Name of the store in which the daemon finds the layout. */
export function layoutStore(number: number): string {
  return `layout-${number}`;
}

/** `--build-context` as buildx writes it. With frontend.caps, a `# syntax=` frontend without support refuses contexts instead of ignoring them. */
export function contextArguments({ buildContexts = [], layouts = [] }: BuildPlan, directories: string): string[] {
  const args = buildContexts.flatMap(({ name, source }, number) => {
    if (source.kind === "image") return [`--opt=context:${name}=docker-image://${source.image}`];
    if (source.kind === "url") return [`--opt=context:${name}=${source.url}`];
    if (source.kind === "layout") {
      const layout = layouts.find((found) => found.number === number);
      return layout === undefined ? [] : [`--opt=context:${name}=oci-layout://${layoutStore(number)}@${layout.digest}`];
    }
    return [`--local=named-${number}=${directories}/${number}`, `--opt=context:${name}=local:named-${number}`];
  });
  return args.length === 0 ? [] : ["--opt=frontend.caps=moby.buildkit.frontend.contexts+forward", ...args];
}

type Attributes = [name: string, value: string][];

/** Attributes of the image for BuildKit's exporters, for a pod of one build and for a kept builder. */
export function imageAttributes(plan: BuildPlan): { names: Attributes; annotations: Attributes; image: Attributes } {
  const names: Attributes = plan.tags.length === 0 ? [] : [["name", plan.tags.map(String).join(",")]];
  const annotations: Attributes = [
    ...(plan.annotations ?? []).map(([key, value]): [string, string] => [`annotation.${key}`, value]),
    ...(plan.indexAnnotations ?? []).map(({ on, platform, key, value }): [string, string] => [
      `annotation-${on}${platform === undefined ? "" : `[${platform}]`}.${key}`,
      value,
    ]),
  ];
  const byDigest: Attributes = plan.byDigest === true ? [["push-by-digest", "true"]] : [];
  const image: Attributes = pushes(plan)
    ? [...names, ["push", "true"], ...byDigest, ...mediaTypes(plan), ...writtenAs(plan.imageAttributes)]
    : [["push", "false"]];
  return { names, annotations, image: [...image, ...annotations] };
}

/** The attributes of `-o` as they are for BuildKit. The media types of the image are decided with those of attestations. */
export function writtenAs(attributes: ImageAttributes = {}): Attributes {
  return Object.entries(needsOci(attributes) ? { "oci-mediatypes": "true", ...attributes } : attributes);
}

/** The image comes first: the metadata file has its digest (buildctl merges the metadata of all outputs). */
export function outputArguments(plan: BuildPlan): string[] {
  const { names, annotations, image } = imageAttributes(plan);
  const formats = new Set((plan.exports ?? []).map(({ format }) => format));
  const file = (type: string, ...fields: Attributes): string => `--output=${csvLine([["type", type], ...fields])}`;
  // Exports of one format are written in one way (plan/docker/results.ts).
  const how = (format: "docker" | "oci"): Attributes => {
    const wanted = plan.exports?.find((one) => one.format === format);
    return writtenAs(wanted?.kind === "archive" ? wanted.attributes : undefined);
  };
  return [
    file("image", ...image),
    ...(formats.has("docker")
      ? [file("docker", ["dest", `${EXPORT_MOUNT}/${EXPORT_DOCKER}`], ...names, ...how("docker"))]
      : []),
    ...(formats.has("oci")
      ? [
          file(
            "oci",
            ["dest", `${EXPORT_MOUNT}/${EXPORT_OCI}`],
            ["tar", "false"],
            ...names,
            ...annotations,
            ...how("oci"),
          ),
        ]
      : []),
    ...(formats.has("tar") || formats.has("local") ? [file("tar", ["dest", `${EXPORT_MOUNT}/${EXPORT_FILES}`])] : []),
  ];
}

/**
 * Docker's media types, as the other builders push them. Docker's registry 2.8 cannot show a manifest of Docker's to a client that asks
 * for OCI's (it answers 400), so BuildKit could not push to a tag of theirs. Attestations and annotations need OCI's.
 */
function mediaTypes({
  attestations = [],
  annotations = [],
  indexAnnotations = [],
  ociMediaTypes = false,
  imageAttributes = {},
}: BuildPlan): Attributes {
  const { compression = "gzip", "oci-mediatypes": asked, "force-compression": forced } = imageAttributes;
  const isOci = ociMediaTypes || [attestations, annotations, indexAnnotations].some((wanted) => wanted.length > 0);
  if (asked === "true" || isOci || needsOci(imageAttributes)) return [];
  if (asked === undefined && compression !== "gzip") return [["oci-mediatypes", "true"]];
  return [
    ...(asked === undefined ? ([["oci-mediatypes", "false"]] satisfies Attributes) : []),
    // A layer that is there already may have another compression, for which docker's types have no name: that of a base image, or of another build.
    ...(compression === "gzip" && forced === undefined ? ([["force-compression", "true"]] satisfies Attributes) : []),
  ];
}

function cacheLine({ type, attributes }: CacheEntry): string {
  return csvLine([["type", type], ...Object.entries(attributes)]);
}
