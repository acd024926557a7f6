/** `slipway imagetools create`: an image or an index in a registry, made of others that are there. */
import { InvalidInput } from "../../errors.ts";
import { chosenPlatforms, normalisePlatform } from "../../lib/image/platform.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { combineIndex, filterPlatforms, withoutAttestation } from "../../lib/registry/combine-index.ts";
import type {
  CombinedIndex,
  IndexAnnotation,
  IndexDescriptor,
  IndexPlatform,
  IndexSource,
} from "../../lib/registry/combine-index.ts";
import { copyByDigest, findManifest, putManifest, withDigest } from "../../lib/registry/copy-image.ts";
import { copyReferrer, listReferrers } from "../../lib/registry/list-referrers.ts";
import { DOCKER_INDEX, isIndex } from "../../lib/registry/media-types.ts";
import type { RegistryClient } from "../../lib/registry/registry-client.ts";
import { imageNamed, registryClient } from "../push-and-tag.ts";
import type { RegistryChoice } from "../push-and-tag.ts";
import { readSource } from "./read-source.ts";
import type { NamedSource } from "./read-source.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface CreateRequest {
  /** References, digests or descriptors in JSON. */
  readonly sources: readonly string[];
  readonly tags: readonly string[];
  readonly annotations: readonly IndexAnnotation[];
  /** The image that the first tag has now is the first source. */
  readonly append: boolean;
  /** Makes an index also of one image. */
  readonly preferIndex: boolean;
  /** Values of `--platform`. */
  readonly platforms: readonly string[];
  /** Completes a name without a registry, as for `build -t`. */
  readonly registry: string | undefined;
}

export interface CreatedImage {
  /** The bytes of the image or index. */
  readonly text: string;
  readonly descriptor: IndexDescriptor;
  /** Repositories of the tags, sorted. */
  readonly repositories: readonly string[];
  /** Annotations were asked for, and Docker's format has none: all images are of that format. */
  readonly dropsAnnotations: boolean;
}

/** What hangs on an image and is copied with it (buildx v0.38 util/imagetools/create.go), and slipway's own attestations. */
const COPIED_ARTIFACTS: ReadonlySet<string> = new Set([
  "application/vnd.docker.attestation.manifest.v1+json",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.in-toto+json",
]);
const ATTESTATION_ARTIFACT = "application/vnd.docker.attestation.manifest.v1+json";

/**
 * Reads the sources and computes the image; pushes nothing yet.
 * @throws InvalidInput for a source or a combination that makes no sense; BuildFailed or AuthError from the registries
 */
export class ImageCreation {
  readonly #client: RegistryClient;
  readonly #tags: readonly Reference[];
  readonly #combined: CombinedIndex<Reference>;
  readonly #dropsAnnotations: boolean;
  /** Where the index is already, byte for byte. */
  readonly #copied: Reference | undefined;

  private constructor(
    client: RegistryClient,
    tags: readonly Reference[],
    combined: CombinedIndex<Reference>,
    isAnnotated: boolean,
    copied: Reference | undefined,
  ) {
    this.#client = client;
    this.#tags = tags;
    this.#combined = combined;
    this.#copied = copied;
    this.#dropsAnnotations = isAnnotated && combined.descriptor.mediaType === DOCKER_INDEX;
  }

  static async plan(request: CreateRequest, choice: RegistryChoice, signal: AbortSignal): Promise<ImageCreation> {
    const { registry, annotations, preferIndex } = request;
    const platforms = chosenPlatforms(request.platforms);
    const tags = request.tags.map((tag) => imageNamed(tag, registry));
    const [first] = tags;
    const texts = request.append && first !== undefined ? [first.toString(), ...request.sources] : request.sources;
    const sources = texts.map((text) => readSource(text, (name) => imageNamed(name, registry)));
    const inRepository = repositoryOf(sources, tags);
    const client = await registryClient(choice, signal);
    const read = await Promise.all(sources.map((source) => readIndexSource(client, source, inRepository)));
    const combined = combineIndex(read, annotations, preferIndex);
    const filtered = filterPlatforms(combined, platforms, await attachedTo(client, combined));
    const { digest, mediaType } = filtered.descriptor;
    const copied = isIndex(mediaType) ? read.find(({ descriptor }) => descriptor.digest === digest)?.origin : undefined;
    return new ImageCreation(client, tags, filtered, annotations.length > 0, copied);
  }

  get image(): CreatedImage {
    const { text, descriptor } = this.#combined;
    const repositories = [...new Set(this.#tags.map(({ name }) => name))].toSorted();
    return { text, descriptor, repositories, dropsAnnotations: this.#dropsAnnotations };
  }

  /**
   * Copies what the index names to each repository, with its attestations and signatures, and the index last.
   * @param report told of each copy and each tag, in the words of buildx
   */
  async push(report: (line: string) => void): Promise<void> {
    const { text, descriptor, children } = this.#combined;
    const repositories = new Map(this.#tags.map((tag) => [tag.name, tag]));
    for (const [name, target] of repositories) {
      for (const { descriptor: child, origin } of children) {
        report(`copying ${child.digest} from ${origin.toString()} to ${name}`);
        await copyByDigest(this.#client, origin, target, child.digest);
        await copyReferrers(this.#client, origin, target, child.digest);
      }
      if (this.#copied === undefined || this.#copied.name === name) continue;
      await putManifest(this.#client, target, descriptor.digest, { mediaType: descriptor.mediaType, text });
      await copyReferrers(this.#client, this.#copied, target, descriptor.digest);
    }
    for (const tag of this.#tags) {
      report(`pushing ${descriptor.digest} to ${tag.toString()}`);
      await putManifest(this.#client, tag, tag.tag ?? descriptor.digest, { mediaType: descriptor.mediaType, text });
    }
  }
}

async function copyReferrers(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  digest: string,
): Promise<void> {
  if (source.name === target.name) return;
  for (const referrer of await listReferrers(client, source, digest)) {
    await copyReferrer(client, source, target, digest, { referrer, types: COPIED_ARTIFACTS });
  }
}

/** BuildKit can hang an attestation on an image instead of listing it in the index. */
async function attachedTo(
  client: RegistryClient,
  { descriptor, text, children }: CombinedIndex<Reference>,
): Promise<ReadonlyMap<string, IndexDescriptor>> {
  if (!isIndex(descriptor.mediaType)) return new Map();
  const originOf = new Map(children.map((child) => [child.descriptor.digest, child.origin]));
  const found = await Promise.all(
    withoutAttestation(text).map(async (digest): Promise<[string, IndexDescriptor][]> => {
      const origin = originOf.get(digest);
      const referrers = origin === undefined ? [] : await listReferrers(client, origin, digest);
      const attestation = referrers.find(({ artifactType }) => artifactType === ATTESTATION_ARTIFACT);
      return attestation === undefined ? [] : [[digest, attestation]];
    }),
  );
  return new Map(found.flat());
}

/** Where a source without a repository is: all others name the same one. */
function repositoryOf(sources: readonly NamedSource[], tags: readonly Reference[]): (text: string) => Reference {
  const named = [...sources.flatMap(({ reference }) => reference ?? []), ...tags];
  const names = new Set(named.map(({ name }) => name));
  return (text) => {
    const [only] = named;
    if (only === undefined) {
      throw new InvalidInput("no repositories specified, please set a reference in tag or source", {
        docker: "refuses",
        suggestions: [`Name the repository: REGISTRY/NAME@${text}.`],
      });
    }
    if (names.size === 1) return only;
    throw new InvalidInput(`multiple repositories specified, cannot infer repository for "${text}"`, {
      docker: "refuses",
      suggestions: [`Name the repository: REGISTRY/NAME@${text}. Named are: ${[...names].join(", ")}.`],
    });
  };
}

/**
 * An image or an index as a source of another index. An image gets its platform from its configuration.
 * @throws InvalidInput for a wrong size; BuildFailed or AuthError from the registry
 */
export async function readIndexSource(
  client: RegistryClient,
  { reference, descriptor }: NamedSource,
  inRepository: (digest: string) => Reference,
): Promise<IndexSource<Reference>> {
  const origin = reference ?? inRepository(descriptor?.digest ?? "");
  const wanted = descriptor === undefined ? origin : withDigest(origin, descriptor.digest);
  const { digest, mediaType, text } = await findManifest(client, wanted);
  const size = Buffer.byteLength(text);
  if (descriptor?.size !== undefined && descriptor.size !== 0 && descriptor.size !== size) {
    throw new InvalidInput(`invalid size mismatch for ${digest}, ${descriptor.size} != ${size}`, { docker: "refuses" });
  }
  const { annotations, platform } = descriptor ?? {};
  const type = descriptor?.mediaType || mediaType;
  if (isIndex(type)) return { descriptor: { mediaType: type, digest, size }, text, origin: wanted };
  return {
    descriptor: {
      mediaType: type,
      digest,
      size,
      ...omitUndefined({ annotations }),
      platform: isWhole(platform) ? platform : await platformOf(client, wanted, text, platform),
    },
    text,
    origin: wanted,
  };
}

function isWhole(platform: Partial<IndexPlatform> | undefined): platform is IndexPlatform {
  return Boolean(platform?.os) && Boolean(platform?.architecture);
}

/** From the image's configuration, for what the descriptor does not say. */
async function platformOf(
  client: RegistryClient,
  reference: Reference,
  manifest: string,
  given: Partial<IndexPlatform> = {},
): Promise<IndexPlatform> {
  const { config } = (JSON.parse(manifest) ?? {}) as { readonly config?: Partial<IndexDescriptor> };
  const text = await client.get(reference, `blobs/${config?.digest ?? ""}`, "*/*", config?.size);
  const found = (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  const [os = "", architecture = "", variant = ""] = [found["os"], found["architecture"], found["variant"]].map(
    (value) => (typeof value === "string" ? value : ""),
  );
  const [ownOs = "", ownArchitecture = "", ownVariant = ""] = normalisePlatform({ os, architecture, variant }).split(
    "/",
  );
  const isOwn = given.architecture === undefined || given.architecture === "";
  const chosen = given.variant ?? (isOwn ? ownVariant : "");
  return {
    ...given,
    architecture: isOwn ? ownArchitecture : (given.architecture ?? ""),
    os: given.os ?? ownOs,
    ...(chosen === "" ? {} : { variant: chosen }),
  };
}
