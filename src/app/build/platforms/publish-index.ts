/** Makes one index of the images of several platforms, and pushes it under every tag, last. */
import { BuildFailed, InternalError } from "../../../errors.ts";
import { platformText } from "../../../lib/image/platform.ts";
import type { Platform } from "../../../lib/image/platform.ts";
import type { Reference } from "../../../lib/image/reference.ts";
import { combineIndex } from "../../../lib/registry/combine-index.ts";
import type {
  CombinedIndex,
  IndexAnnotation,
  IndexDescriptor,
  IndexSource,
} from "../../../lib/registry/combine-index.ts";
import { ask, copyFound, findManifest, putManifest, withDigest } from "../../../lib/registry/copy-image.ts";
import type { FoundManifest } from "../../../lib/registry/copy-image.ts";
import { ACCEPT_ANY, isIndex } from "../../../lib/registry/media-types.ts";
import type { RegistryClient } from "../../../lib/registry/registry-client.ts";
import type { PlatformAnnotation } from "../../../plan/docker/options.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { readIndexSource } from "../../imagetools/create-image.ts";
import { omitUndefined } from "../../../lib/text/omit-undefined.ts";

/** The image of one platform, pushed to every repository of the tags. */
export interface PlatformImage {
  readonly platform: Platform;
  /** Of its manifest, or of an index with the manifest and its attestations. */
  readonly digest: string;
}

/** An index that is complete in memory. Nothing names it yet. */
export class ImageIndex {
  readonly #client: RegistryClient;
  readonly #tags: readonly Reference[];
  readonly #combined: CombinedIndex<Reference>;
  /** The bytes of what it names. */
  readonly #children: readonly FoundManifest[];

  private constructor(
    client: RegistryClient,
    tags: readonly Reference[],
    combined: CombinedIndex<Reference>,
    children: readonly FoundManifest[],
  ) {
    this.#client = client;
    this.#tags = tags;
    this.#combined = combined;
    this.#children = children;
  }

  /**
   * Reads the images from the repository of the first tag.
   * @param images in the order that the index has
   * @throws BuildFailed or AuthError from the registry, and for an image of another platform
   */
  static async read(
    client: RegistryClient,
    { tags, indexAnnotations = [] }: Pick<BuildPlan, "tags" | "indexAnnotations">,
    images: readonly PlatformImage[],
  ): Promise<ImageIndex> {
    const [first] = tags;
    if (first === undefined) throw new InternalError("an index without a name is in no registry");
    const sources = await Promise.all(
      images.map(async ({ platform, digest }) => {
        const source = await readIndexSource(client, { reference: withDigest(first, digest) }, () => first);
        return withPlatform(source, platform);
      }),
    );
    const combined = combineIndex(sources, indexAnnotations.flatMap(inIndex), true);
    // Images without attestations have been read as sources.
    const read = new Map(sources.map(({ descriptor, text }) => [descriptor.digest, text]));
    const children = await Promise.all(
      combined.children.map(async ({ descriptor: { digest, mediaType } }): Promise<FoundManifest> => {
        const text = read.get(digest);
        return text === undefined ? findManifest(client, withDigest(first, digest)) : { digest, mediaType, text };
      }),
    );
    return new ImageIndex(client, tags, combined, children);
  }

  get descriptor(): IndexDescriptor {
    return this.#combined.descriptor;
  }

  /** Makes sure that every repository has all that the index names, and then pushes the index under each tag. */
  async push(): Promise<void> {
    const [first] = this.#tags;
    const repositories = new Map(this.#tags.map((tag) => [tag.name, tag]));
    for (const target of repositories.values()) {
      for (const child of this.#children) {
        if (first !== undefined && first.name !== target.name) {
          await copyFound(this.#client, first, target, child.digest, child);
        } else if (!(await this.#has(target, child.digest))) {
          await putManifest(this.#client, target, child.digest, child);
        }
      }
    }
    const { descriptor, text } = this.#combined;
    for (const tag of this.#tags) {
      await putManifest(this.#client, tag, tag.tag ?? descriptor.digest, { mediaType: descriptor.mediaType, text });
    }
  }

  /** Some registries remove a manifest with its last tag. */
  async #has({ registry, repository }: Reference, digest: string): Promise<boolean> {
    const { status } = await ask(this.#client, registry, {
      method: "HEAD",
      path: `${repository}/manifests/${digest}`,
      headers: { accept: ACCEPT_ANY },
      scopes: [`repository:${repository}:pull,push`],
    });
    return status === 200;
  }
}

/** Those annotations that the index has. The others are in the manifests, or only in an archive. */
export function inIndex({ on, platform, key, value }: PlatformAnnotation): IndexAnnotation[] {
  if (on !== "index" && on !== "manifest-descriptor") return [];
  return [{ on, ...omitUndefined({ platform }), key, value }];
}

/**
 * An image with the platform that it was built for. An index of BuildKit names it already.
 * @throws BuildFailed for an image of another platform
 */
export function withPlatform<Origin>(source: IndexSource<Origin>, platform: Platform): IndexSource<Origin> {
  const { descriptor } = source;
  if (isIndex(descriptor.mediaType)) return source;
  const { os, arch, variant } = platform;
  const { os: builtOs = "", architecture = "" } = descriptor.platform ?? {};
  if (builtOs !== os || architecture !== arch) {
    throw new BuildFailed(
      `the image that was built for ${platformText(platform)} is one for ${builtOs}/${architecture}`,
      {
        suggestions: ["Check the platforms of the base image: slipway imagetools inspect IMAGE"],
      },
    );
  }
  const own = { architecture: arch, os, ...omitUndefined({ variant }) };
  return { ...source, descriptor: { ...descriptor, platform: own } };
}
