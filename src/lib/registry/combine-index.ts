/**
 * Makes one index of several images and indexes, byte for byte as `docker buildx imagetools create` (v0.38) does. Only computes: what is
 * in the registry has been read before.
 */
import { InvalidInput } from "../../errors.ts";
import { normalisePlatform, writtenPlatform } from "../image/platform.ts";
import { goJson } from "../text/go-json.ts";
import { digestOf } from "./digest.ts";
import { DOCKER_INDEX, OCI_INDEX, isIndex } from "./media-types.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** OCI image-spec 1.1, image-index.md. */
export interface IndexPlatform {
  readonly architecture: string;
  readonly os: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
  readonly variant?: string;
}

/** OCI image-spec 1.1, descriptor.md. */
export interface IndexDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly platform?: IndexPlatform;
  readonly artifactType?: string;
}

/** An image or an index that goes into the new one. */
export interface IndexSource<Origin> {
  /** With the platform, for an image. */
  readonly descriptor: IndexDescriptor;
  /** Its exact bytes. */
  readonly text: string;
  /** Where it is, for the caller. */
  readonly origin: Origin;
}

/** An annotation of the index itself, or of the descriptors in it. */
export interface IndexAnnotation {
  readonly on: "index" | "manifest-descriptor";
  /** `linux/arm64`: only the descriptor of this platform. */
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

export interface CombinedIndex<Origin> {
  readonly text: string;
  readonly descriptor: IndexDescriptor;
  /** What has to be in the repository before it. The whole image itself when it is not an index. */
  readonly children: readonly { readonly descriptor: IndexDescriptor; readonly origin: Origin }[];
}

/** BuildKit, docs/attestations/attestation-storage.md. */
export const REFERENCE_TYPE = "vnd.docker.reference.type";
export const REFERENCE_DIGEST = "vnd.docker.reference.digest";
export const ATTESTATION = "attestation-manifest";

interface Index {
  readonly schemaVersion?: number;
  readonly mediaType?: string;
  readonly manifests?: readonly IndexDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * A single source stays as it is, byte for byte, unless it is an image and `preferIndex` is set. The indexes among several sources are
 * taken apart, and their manifests are adopted, attestations included.
 * @throws InvalidInput for an index that cannot be read
 */
export function combineIndex<Origin>(
  sources: readonly IndexSource<Origin>[],
  annotations: readonly IndexAnnotation[],
  preferIndex: boolean,
): CombinedIndex<Origin> {
  const [first] = sources;
  if (first === undefined) throw new InvalidInput("no sources specified", { docker: "refuses" });
  if (sources.length === 1 && annotations.length === 0) {
    const { descriptor, text, origin } = first;
    if (isIndex(descriptor.mediaType))
      return { text, descriptor, children: manifestsIn(text).map((child) => ({ descriptor: child, origin })) };
    if (!preferIndex) return { text, descriptor, children: [{ descriptor, origin }] };
  }
  const found = new Map<string, { descriptor: IndexDescriptor; origin: Origin }>();
  for (const { descriptor, text, origin } of sources) {
    for (const child of isIndex(descriptor.mediaType) ? manifestsIn(text) : [descriptor]) {
      const earlier = found.get(child.digest)?.descriptor;
      found.set(child.digest, { descriptor: earlier === undefined ? child : merged(earlier, child), origin });
    }
  }
  const children = [...found.values()];
  const isDocker = children.every(({ descriptor }) => descriptor.mediaType.startsWith("application/vnd.docker."));
  const mediaType = isDocker ? DOCKER_INDEX : OCI_INDEX;
  // A list of Docker's format has no annotations.
  const wanted = isDocker ? [] : annotations;
  const annotated = children.map(({ descriptor, origin }) => ({ descriptor: annotate(descriptor, wanted), origin }));
  const own = wanted.filter(({ on }) => on === "index").map(({ key, value }): [string, string] => [key, value]);
  const index = { schemaVersion: 2, mediaType, annotations: Object.fromEntries(own) };
  const manifests = annotated.map(({ descriptor }) => descriptor);
  return { ...encode({ ...index, manifests }, mediaType), children: annotated };
}

/**
 * The same index with only the manifests of these platforms, and their attestations.
 * @param platforms `linux/arm64`; all when empty
 * @param attached attestation manifests that hang on a manifest in the registry and are not in the index, by its digest
 * @throws InvalidInput if nothing is left
 */
export function filterPlatforms<Origin>(
  combined: CombinedIndex<Origin>,
  platforms: readonly string[],
  attached: ReadonlyMap<string, IndexDescriptor>,
): CombinedIndex<Origin> {
  const isWanted = ({ platform }: IndexDescriptor): boolean =>
    platforms.length === 0 || platform === undefined || platforms.includes(normalisePlatform(platform));
  const { descriptor, text, children } = combined;
  if (!isIndex(descriptor.mediaType)) {
    if (isWanted(descriptor)) return combined;
    const has = descriptor.platform === undefined ? "" : normalisePlatform(descriptor.platform);
    throw new InvalidInput(`input platform ${has} does not match any of the provided platforms`, { docker: "refuses" });
  }
  const index = JSON.parse(text) as Index;
  const all = manifestsIn(text);
  const byDigest = new Map(all.map((child) => [child.digest, child]));
  const subjectOf = (child: IndexDescriptor): IndexDescriptor | undefined =>
    child.annotations?.[REFERENCE_TYPE] === ATTESTATION
      ? byDigest.get(child.annotations[REFERENCE_DIGEST] ?? "")
      : undefined;
  const kept = all.filter((child) => isWanted(subjectOf(child) ?? child));
  if (kept.length === 0) {
    throw new InvalidInput("none of the manifests match the provided platforms", {
      docker: "refuses",
      suggestions: [`The image has: ${platformsOf(all).join(", ")}.`],
    });
  }
  const attested = new Set(kept.flatMap((child) => subjectOf(child)?.digest ?? []));
  const added = kept.flatMap((child) => {
    const attestation = attested.has(child.digest) ? undefined : attached.get(child.digest);
    return attestation === undefined ? [] : [{ subject: child.digest, descriptor: adopted(attestation, child.digest) }];
  });
  const originOf = new Map(children.map((child) => [child.descriptor.digest, child.origin]));
  const left = [
    ...kept.map((child) => ({ descriptor: child, from: child.digest })),
    ...added.map(({ subject, descriptor: attestation }) => ({ descriptor: attestation, from: subject })),
  ].flatMap(({ descriptor: child, from }) => {
    const origin = originOf.get(from);
    return origin === undefined ? [] : [{ descriptor: child, origin }];
  });
  if (kept.length === all.length && added.length === 0) return { ...combined, children: left };
  const mediaType = index.mediaType ?? descriptor.mediaType;
  const manifests = left.map(({ descriptor: child }) => child);
  const encoded = encode(
    { schemaVersion: index.schemaVersion ?? 2, mediaType, annotations: index.annotations ?? {}, manifests },
    descriptor.mediaType,
  );
  return { ...encoded, children: left };
}

/** The manifests of an index that may have attestations in the registry. */
export function withoutAttestation(text: string): readonly string[] {
  const all = manifestsIn(text);
  const attested = new Set(
    all.flatMap(({ annotations }) =>
      annotations?.[REFERENCE_TYPE] === ATTESTATION ? (annotations[REFERENCE_DIGEST] ?? []) : [],
    ),
  );
  return all
    .filter(({ annotations, digest }) => annotations?.[REFERENCE_TYPE] !== ATTESTATION && !attested.has(digest))
    .map(({ digest }) => digest);
}

/** @throws InvalidInput for a text that is not an index */
export function manifestsIn(text: string): readonly IndexDescriptor[] {
  const { manifests } = (JSON.parse(text) ?? {}) as Index;
  if (!Array.isArray(manifests)) throw new InvalidInput("the registry's index has no list of manifests");
  return manifests.map(asDescriptor);
}

const isText = (value: unknown): boolean => typeof value === "string";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const hasTexts = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isText);

const KINDS: readonly (readonly [field: string, is: (value: unknown) => boolean])[] = [
  ["mediaType", isText],
  ["digest", isText],
  ["size", Number.isSafeInteger],
  ["urls", areTexts],
  ["annotations", hasTexts],
  ["data", isText],
  ["artifactType", isText],
  ["platform", isPlatform],
];

function isPlatform(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { "os.features": features = [], ...texts } = value;
  return areTexts(features) && Object.values(texts).every(isText);
}

/** As Go reads it: texts that are absent are empty. @throws InvalidInput for fields of another kind */
function asDescriptor(entry: unknown): IndexDescriptor {
  const given = isRecord(entry)
    ? Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null))
    : undefined;
  const wrong = KINDS.find(([field, is]) => given?.[field] !== undefined && !is(given[field]));
  if (given === undefined || wrong !== undefined) {
    throw new InvalidInput(
      `the registry's index has an entry that is not a descriptor${wrong === undefined ? "" : `: its ${wrong[0]} is wrong`}`,
    );
  }
  const { platform } = given;
  return {
    mediaType: "",
    digest: "",
    size: 0,
    ...given,
    ...(isRecord(platform) ? { platform: { architecture: "", os: "", ...platform } } : {}),
  };
}

function platformsOf(all: readonly IndexDescriptor[]): string[] {
  return [...new Set(all.flatMap(({ platform }) => (platform === undefined ? [] : normalisePlatform(platform))))];
}

function merged(earlier: IndexDescriptor, later: IndexDescriptor): IndexDescriptor {
  const platform = later.platform ?? earlier.platform;
  return {
    ...earlier,
    mediaType: earlier.mediaType || later.mediaType,
    ...omitUndefined({ platform }),
    annotations: { ...earlier.annotations, ...later.annotations },
  };
}

function annotate(descriptor: IndexDescriptor, annotations: readonly IndexAnnotation[]): IndexDescriptor {
  const own = annotations.filter(
    ({ on, platform }) =>
      on === "manifest-descriptor" && (platform === undefined || platform === writtenPlatform(descriptor.platform)),
  );
  if (own.length === 0) return descriptor;
  const added = Object.fromEntries(own.map(({ key, value }) => [key, value]));
  return { ...descriptor, annotations: { ...descriptor.annotations, ...added } };
}

function adopted(attestation: IndexDescriptor, subject: string): IndexDescriptor {
  return {
    ...attestation,
    artifactType: "",
    platform: { architecture: "unknown", os: "unknown" },
    annotations: { ...attestation.annotations, [REFERENCE_TYPE]: ATTESTATION, [REFERENCE_DIGEST]: subject },
  };
}

function encode(index: Required<Index>, mediaType: string): Pick<CombinedIndex<never>, "text" | "descriptor"> {
  const { schemaVersion, manifests, annotations } = index;
  const text = goJson({
    schemaVersion,
    mediaType: index.mediaType,
    manifests: manifests.map(ordered),
    ...filledMap("annotations", annotations),
  });
  return { text, descriptor: { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) } };
}

/** The fields in the order of Go's structure, without empty ones. */
export function ordered(descriptor: IndexDescriptor): IndexDescriptor {
  const { mediaType, digest, size, urls = [], annotations = {}, data, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(urls.length === 0 ? {} : { urls }),
    ...filledMap("annotations", annotations),
    ...omitUndefined({ data }),
    ...(platform === undefined ? {} : { platform: orderedPlatform(platform) }),
    ...(artifactType === undefined || artifactType === "" ? {} : { artifactType }),
  };
}

function orderedPlatform(platform: IndexPlatform): IndexPlatform {
  const { architecture, os, "os.version": version, "os.features": features = [], variant } = platform;
  return {
    architecture,
    os,
    ...(version === undefined || version === "" ? {} : { "os.version": version }),
    ...(features.length === 0 ? {} : { "os.features": features }),
    ...(variant === undefined || variant === "" ? {} : { variant }),
  };
}

function filledMap<Key extends string>(
  key: Key,
  map: Readonly<Record<string, string>>,
): Partial<Record<Key, Readonly<Record<string, string>>>> {
  const entries = Object.entries(map).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (entries.length === 0) return {};
  return { [key]: Object.fromEntries(entries) } as Partial<Record<Key, Readonly<Record<string, string>>>>;
}
