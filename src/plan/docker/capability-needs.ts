/** The capabilities that a build's options need. A builder that lacks one is refused with the names of builders that have it. */
import type { FlagCapability } from "./capabilities.ts";
import { BuilderUnable } from "../../errors.ts";
import type { DockerOptions, ImageAttributes } from "./options.ts";
import { isLevelOnly, unusualAttributes } from "./output-attributes.ts";
import { isForEngine } from "./results.ts";

export interface CapabilityNeed {
  /** As the user wrote it, for the message. */
  readonly flag: string;
  readonly capability: FlagCapability;
}

/** Builders by name, with their capabilities. */
export type BuilderAbilities = ReadonlyMap<string, ReadonlySet<string>>;

/** The fields of a plan that not every builder can do. */
type Asked = DockerOptions & {
  readonly registryScopes?: readonly unknown[];
  readonly repository?: unknown;
  /** The build is to be in a kept builder. */
  readonly keepSeconds?: number;
};

/** Each need once. Pure. */
export function capabilityNeeds(options: Asked): CapabilityNeed[] {
  const needs: CapabilityNeed[] = [];
  const need = (flag: string, capability: FlagCapability, asked: boolean): void => {
    if (asked && !needs.some((known) => known.capability === capability)) needs.push({ flag, capability });
  };
  const some = (list: readonly unknown[] | undefined): boolean => (list ?? []).length > 0;
  need("--git-in-cluster", "git-in-cluster", options.repository !== undefined);
  need("--add-host", "add-host", some(options.hosts));
  need("--network none", "network-none", options.network === "none");
  need("--ulimit", "ulimit", some(options.ulimits));
  need("--shm-size", "shm-size", options.shmBytes !== undefined);
  need("--annotation", "annotation", some(options.annotations) || some(options.indexAnnotations));
  const contexts = options.buildContexts ?? [];
  need("--build-context", "build-context", contexts.length > 0);
  need(
    "--build-context with a URL",
    "build-context-url",
    contexts.some(({ source }) => source.kind === "url"),
  );
  need("--secret", "secret", some(options.secrets));
  need("--registry-tokens", "registry-token", options.registryScopes !== undefined);
  need("--ssh", "ssh", some(options.ssh));
  need("--build-arg SOURCE_DATE_EPOCH", "source-date-epoch", options.sourceDateEpoch === true);
  need("--cache-volume", "cache-volume", options.cacheVolume !== undefined);
  need("--allow", "entitlements", some(options.entitlements));
  for (const { type } of options.cacheFrom ?? [])
    need(`--cache-from type=${type}`, cacheCapability(type), type !== "inline");
  for (const { type } of options.cacheTo ?? []) need(`--cache-to type=${type}`, cacheCapability(type), true);
  // Without a cache there is nothing to filter.
  const cached = some(options.cacheFrom) || some(options.cacheTo);
  need("--no-cache-filter", "no-cache-filter", some(options.noCacheFilter) && cached);
  for (const { type, attributes } of options.attestations ?? []) {
    need(`--${type}`, type === "sbom" ? "sbom" : "provenance", true);
    // Every attribute of an SBOM is for BuildKit's generator.
    const [first] = type === "sbom" ? Object.entries(attributes) : [];
    if (first !== undefined) need(`--sbom ${first.join("=")}`, "sbom-generator", true);
  }
  need("--output push-by-digest=true", "push-by-digest", options.byDigest === true);
  const image = unusualAttributes(options.imageAttributes ?? {});
  const isLevel = isLevelOnly(image);
  need(writtenAs(image), isLevel ? "compression-level" : "image-attributes", Object.keys(image).length > 0);
  for (const wanted of options.exports ?? []) {
    const attributes = unusualAttributes((wanted.kind === "archive" ? wanted.attributes : undefined) ?? {});
    need(writtenAs(attributes), "image-attributes", Object.keys(attributes).length > 0);
    const { kind, format } = wanted;
    const capability = kind === "files" ? "output-files" : format === "oci" ? "output-oci" : "output-docker";
    need(isForEngine(wanted) ? "--load" : `--output type=${format}`, capability, true);
  }
  return needs;
}

function writtenAs(attributes: ImageAttributes): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return `--output ${pairs.join(",")}`;
}

function cacheCapability(type: string): FlagCapability {
  if (type === "registry") return "cache-registry";
  if (type === "redis") return "cache-redis";
  return type === "inline" ? "cache-inline" : "cache-elsewhere";
}

/**
 * @param later remedies by capability, for those that the builder has in a later version
 * @throws BuilderUnable for the first need that the builder lacks, with the builders that can do all needs, or else this one.
 */
export function refuseUnable(
  builder: string,
  options: Asked,
  abilities: BuilderAbilities,
  later: ReadonlyMap<string, string> = new Map(),
): void {
  const own = abilities.get(builder);
  const needs = capabilityNeeds(options);
  for (const { flag, capability } of needs) {
    if (own?.has(capability) === true) continue;
    const remedy = later.get(capability);
    const some = [...abilities].filter(([, supports]) => supports.has(capability));
    const all = some.filter(([, supports]) => needs.every((need) => supports.has(need.capability)));
    const able = (all.length === 0 ? some : all).map(([name]) => name);
    throw new BuilderUnable(`${builder} cannot do ${flag}`, {
      suggestions: [
        ...(remedy === undefined ? [] : [remedy]),
        ...(able.length === 0
          ? [`No builder of this version can do it: remove ${flag}.`]
          : useAnother(able, options.keepSeconds !== undefined)),
      ],
    });
  }
}

/**
 * The remedies where other builders can do what one cannot.
 * @param names of those, at least one
 * @param kept whether the builder was to stay: none of the others can
 */
export function useAnother(names: readonly string[], kept: boolean): string[] {
  const flags = names.map((name) => `--builder ${name}`).join(" or ");
  return kept
    ? [`Leave out --keep, and use ${flags}.`]
    : [`Use ${flags}.`, "Or let slipway choose a builder: --builder auto."];
}
