/** A build of several platforms as one build for each. Pure. */
import { InvalidInput } from "../errors.ts";
import { platformText } from "../lib/image/platform.ts";
import type { Platform } from "../lib/image/platform.ts";
import { Reference } from "../lib/image/reference.ts";
import { crossCompiles } from "../lib/dockerfile/cross-compile.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { CacheEntry, Export } from "./docker/options.ts";
import { pushes } from "./plan.ts";
import type { BuildPlan } from "./plan.ts";
import { agreeing } from "./pod-settings.ts";

/** The build of one of several platforms. */
export interface PlatformPlan {
  readonly platform: Platform;
  /** `linux/arm64`. */
  readonly text: string;
  readonly plan: BuildPlan;
  /** Names under which the image is pushed until the index names it. Empty if it is pushed by its digest, or not at all. */
  readonly temporary: readonly Reference[];
}

/** Longest tag in characters (distribution/reference). */
const MAX_TAG_LENGTH = 128;
/** Part of a temporary tag, between the tag and the build's own characters. */
const TEMPORARY = "slipway";

/** Whether one pod builds all platforms: no program of another platform runs. */
export function fitsOnePod({ dockerfile, target, buildArgs }: BuildPlan): boolean {
  const { text } = dockerfile;
  // Only the builder reads the Dockerfile of a repository.
  if (text === undefined) return false;
  return crossCompiles(parseDockerfile(text), { target, buildArgs: new Map(buildArgs) });
}

/**
 * @param byDigest the builder can push an image without a tag
 * @throws InvalidInput if the pods of two platforms cannot both be as the plan says
 */
export function platformPlans(plan: BuildPlan, byDigest: boolean): PlatformPlan[] {
  const { platforms = [] } = plan;
  refuseTar(plan);
  refuseByDigest(plan);
  return platforms.map((platform) => planOf(plan, platform, byDigest));
}

function planOf(plan: BuildPlan, platform: Platform, byDigest: boolean): PlatformPlan {
  const { platforms: _, indexAnnotations = [], nodeSelector, cacheVolume, sign: _sign, ...shared } = plan;
  const text = platformText(platform);
  const suffix = suffixOf(platform);
  const temporary = byDigest || !pushes(plan) ? [] : temporaryTags(plan, suffix);
  const annotations = [
    ...(plan.annotations ?? []),
    ...indexAnnotations.flatMap(({ on, platform: only, key, value }) =>
      on === "manifest" && (only === undefined || only === text) ? [[key, value] as const] : [],
    ),
  ];
  return {
    platform,
    text,
    temporary,
    plan: {
      ...shared,
      platform,
      name: `${plan.name}-${suffix}`,
      ...(pushes(plan) ? { tags: byDigest ? repositoriesOf(plan) : temporary, publishedTags: plan.tags } : {}),
      ...(pushes(plan) && byDigest ? { byDigest } : {}),
      ...(annotations.length === 0 ? {} : { annotations }),
      ...(indexAnnotations.length === 0 ? {} : { ociMediaTypes: true }),
      ...(nodeSelector === undefined ? {} : { nodeSelector: agreeing({ ...nodeSelector }, platform) }),
      // Most volumes can be mounted on one node only, and two builders cannot share their state.
      ...(cacheVolume === undefined ? {} : { cacheVolume: `${cacheVolume}-${suffix}` }),
      cacheName: `${plan.cacheName} ${text}`,
      ...(plan.cacheTo === undefined ? {} : { cacheTo: plan.cacheTo.map((entry) => ownCache(entry, suffix)) }),
      ...(plan.cacheFrom === undefined
        ? {}
        : { cacheFrom: plan.cacheFrom.flatMap((entry) => ownAndShared(entry, suffix)) }),
      ...(plan.exports === undefined ? {} : { exports: plan.exports.map((wanted) => exportOf(wanted, platform)) }),
    },
  };
}

/** Part of names in Kubernetes and in tags: `arm-v7`. */
function suffixOf({ arch, variant }: Platform): string {
  return [arch, ...(variant === undefined ? [] : [variant])].join("-").replaceAll(/[^a-z0-9-]/g, "-");
}

/** One name for each repository, without a tag. */
function repositoriesOf({ tags }: Pick<BuildPlan, "tags">): Reference[] {
  const repositories = new Map(tags.map(({ name, registry, repository }) => [name, { registry, repository }]));
  return [...repositories.values()].map((parts) => new Reference(parts));
}

/** One tag for each repository: `1.0-slipway-7x2kqzbd-linux-arm64`. */
function temporaryTags({ name, tags }: BuildPlan, suffix: string): Reference[] {
  const ending = `-${TEMPORARY}-${name.slice(-8)}-linux-${suffix}`;
  const first = new Map(tags.toReversed().map((tag) => [tag.name, tag]));
  return repositoriesOf({ tags }).map(({ name: repository, ...parts }) => {
    const tag = (first.get(repository)?.tag ?? "latest").slice(0, MAX_TAG_LENGTH - ending.length);
    return new Reference({ registry: parts.registry, repository: parts.repository, tag: tag + ending });
  });
}

/** Two builds would replace each other's cache under one tag. A repository of layers can be shared. */
function ownCache(entry: CacheEntry, suffix: string): CacheEntry {
  const { ref } = entry.attributes;
  const colon = ref === undefined ? -1 : ref.lastIndexOf(":");
  if (ref === undefined || colon <= ref.lastIndexOf("/")) return entry;
  return { ...entry, attributes: { ...entry.attributes, ref: `${ref}-${suffix}` } };
}

/** The cache of this platform, and the one that a build of one platform has written. */
function ownAndShared(entry: CacheEntry, suffix: string): CacheEntry[] {
  const own = ownCache(entry, suffix);
  return own === entry ? [entry] : [own, entry];
}

/** A directory below the destination for each platform, named as docker names it. */
function exportOf(wanted: Export, platform: Platform): Export {
  if (wanted.kind !== "files") return wanted;
  return { ...wanted, dest: `${wanted.dest}/${platformText(platform).replaceAll("/", "_")}` };
}

function refuseByDigest({ byDigest, platforms: [first] = [] }: BuildPlan): void {
  if (byDigest !== true) return;
  throw new InvalidInput(
    "push-by-digest=true cannot go with several platforms: the images of several pods are joined under a tag",
    {
      suggestions: [
        `Build each platform by itself, and join them: --platform ${first === undefined ? "linux/amd64" : platformText(first)}, then slipway imagetools create`,
        "Or leave out push-by-digest=true.",
      ],
    },
  );
}

function refuseTar({ exports = [] }: BuildPlan): void {
  if (!exports.some(({ format }) => format === "tar")) return;
  throw new InvalidInput("the files of several platforms come from several pods, and cannot be one archive", {
    suggestions: ["Write them into a directory: -o type=local,dest=DIRECTORY", "Or build one platform: --platform."],
  });
}
