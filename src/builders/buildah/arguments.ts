/** Buildah's arguments for docker's options (go.podman.io/buildah, imagebuildah), and refusals where it differs from docker. */
import type { BuildPlan } from "../../plan/plan.ts";
import { familiarName } from "../../plan/docker/build-contexts.ts";
import type { BuildContext, CacheEntry } from "../../plan/docker/options.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { findImages } from "../../lib/dockerfile/references.ts";
import type { ImageUse } from "../../lib/dockerfile/references.ts";
import { BuilderUnable } from "../../errors.ts";
import type { FlagCapability } from "../../plan/docker/capabilities.ts";
import { repositoryOf } from "../arguments.ts";
import { EXPORT_MOUNT, sshArguments } from "../shell-pod.ts";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI } from "../../plan/layout.ts";

const USE_BUILDKIT = ["Use --builder buildkit."];

/** @throws BuilderUnable */
export function refuseContexts(plan: BuildPlan): void {
  const { buildContexts = [], directories = [] } = plan;
  // Buildah filters again, and prefers .containerignore to .dockerignore (parse.ContainerIgnoreFile).
  const filtered = directories.find(
    ({ ignoreFile, hasContainerignore }) => ignoreFile !== undefined || hasContainerignore === true,
  );
  if (filtered !== undefined) {
    throw new BuilderUnable(
      `buildah would filter --build-context ${buildContexts[filtered.number]?.name} again, with its own ignore rules`,
      { suggestions: [...USE_BUILDKIT, `Or remove the ignore file from ${filtered.root}.`] },
    );
  }
  for (const { name, source } of buildContexts) {
    if (source.kind !== "directory") continue;
    const from = usesOf(plan, name).find(({ by }) => by === "FROM");
    if (from === undefined) continue;
    throw new BuilderUnable(
      `Dockerfile line ${from.line}: buildah would pull the image ${from.text}, but --build-context ${name} is a directory`,
      { suggestions: USE_BUILDKIT },
    );
  }
}

/** Buildah compares names as written, so each spelling in the Dockerfile gets an argument. @param directories path with the directories by number */
export function contextArguments(plan: BuildPlan, directories: string): string[] {
  return (plan.buildContexts ?? []).flatMap(({ name, source }, number) => {
    const spellings = new Set([name, ...usesOf(plan, name).map(({ text }) => text)]);
    return [...spellings].map((text) => `--build-context=${text}=${locationOf(source, `${directories}/${number}`)}`);
  });
}

function usesOf({ dockerfile, buildArgs }: BuildPlan, name: string): ImageUse[] {
  if (dockerfile.text === undefined) return [];
  const options = { buildArgs: new Map(buildArgs), everyStage: true };
  return findImages(parseDockerfile(dockerfile.text), options).filter(
    ({ image }) => image !== undefined && familiarName(image) === name,
  );
}

function locationOf(source: BuildContext["source"], directory: string): string {
  if (source.kind === "image") return `docker-image://${source.image}`;
  return source.kind === "url" ? source.url : directory;
}

// Buildah's RUN has the pod's network and /dev/shm. It would ignore --network=none, so that is not in the list.

export const BUILDAH_OPTIONS: readonly FlagCapability[] = [
  "add-host",
  "build-context",
  "cache-registry",
  "cache-volume",
  "compression-level",
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

/** Buildah keeps an image of each step in a repository, with its own tags: it accepts neither tag nor digest. With a volume it always checks base images again. */
function cacheArguments({ cacheFrom, cacheTo, cacheVolume }: BuildPlan): string[] {
  const repositories = (flag: string, entries: readonly CacheEntry[] | undefined): string[] =>
    [...new Set((entries ?? []).flatMap((entry) => repositoryOf(entry) ?? []))].map((name) => `--${flag}=${name}`);
  const args = [...repositories("cache-from", cacheFrom), ...repositories("cache-to", cacheTo)];
  if (cacheVolume !== undefined) args.push("--pull=always");
  return args.length === 0 ? [] : ["--layers", ...args];
}

/**
 * Lines of a script that export the image. If nothing is pushed, the last line writes the digest.
 * @param push makes the line that copies the image to a destination in the syntax of containers-transports(5)
 */
export function exportScript({ exports = [] }: BuildPlan, push: (to: string) => string): string[] {
  const formats = new Set(exports.map(({ format }) => format));
  return [
    ...(formats.has("docker") ? [push(`docker-archive:${EXPORT_MOUNT}/${EXPORT_DOCKER}`)] : []),
    ...(formats.has("oci") ? [push(`oci:${EXPORT_MOUNT}/${EXPORT_OCI}`)] : []),
  ];
}
