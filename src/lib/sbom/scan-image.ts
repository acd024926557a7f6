/** Which packages are in an image, read from its layers in its registry. Nothing is written anywhere. */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Reference } from "../image/reference.ts";
import { BuildFailed } from "../../errors.ts";
import { findManifest } from "../registry/copy-image.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { FinalTree } from "./final-tree.ts";
import type { FoundFile, Tree } from "./read-layer.ts";
import { readLayer } from "./read-layer.ts";

export interface ScannedImage {
  /** By their paths in the final tree, with a leading slash, in their order. */
  readonly files: readonly (readonly [path: string, file: FoundFile])[];
  readonly layers: number;
  /** As they came from the registry. */
  readonly bytes: number;
}

/** A layer that breaks off is read again from its beginning, after so many milliseconds. */
const PAUSES: readonly number[] = [500, 2000];
/** As many as a document can be made of in memory; the largest images have some twenty thousand. */
const MOST_PACKAGES = 200_000;

interface Layer {
  readonly digest: string;
}

/**
 * @param digest of the image's manifest
 * @param pauses milliseconds before each further attempt to read a layer
 * @throws BuildFailed for an image that cannot be read, AuthError or ClusterError when the registry does not give it
 */
export async function scanImage(
  client: RegistryClient,
  { registry, repository }: Reference,
  digest: string,
  signal: AbortSignal,
  pauses: readonly number[] = PAUSES,
): Promise<ScannedImage> {
  const image = new Reference({ registry, repository, digest });
  const { text } = await findManifest(client, image);
  const { layers } = (JSON.parse(text) ?? {}) as { layers?: readonly Layer[] };
  if (layers === undefined) throw new BuildFailed("it is an index of several images, and only one can be read");
  let tree: Tree = new FinalTree<FoundFile>();
  let bytes = 0;
  for (const [index, layer] of layers.entries()) {
    const attempt = async (): Promise<Tree> => {
      const over = tree.copy();
      await readLayer(over, (use) =>
        client.stream(image, `blobs/${layer.digest}`, async ({ body }) => {
          const seen = new Verified(body, layer.digest);
          await use(seen.bytes());
          seen.end();
          bytes += seen.count;
        }),
      );
      return over;
    };
    tree = await several(attempt, pauses, signal).catch((error: unknown) => {
      if (!(error instanceof BuildFailed)) throw error;
      throw new BuildFailed(`layer ${index + 1} of ${layers.length}, ${layer.digest}: ${error.message}`, {
        cause: error,
      });
    });
    refuseTooMany(tree);
  }
  const files = [...tree.files()].map(([path, file]) => [`/${path}`, file] as const);
  return { files: files.sort(([a], [b]) => (a < b ? -1 : 1)), layers: layers.length, bytes };
}

async function several<T>(attempt: () => Promise<T>, pauses: readonly number[], signal: AbortSignal): Promise<T> {
  for (const ms of pauses) {
    try {
      return await attempt();
    } catch {
      signal.throwIfAborted();
      await pause(ms, undefined, { signal });
    }
  }
  return attempt();
}

/** A blob's bytes as they are, with their digest taken on the way. */
class Verified {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #sum: Hash;
  readonly #wanted: string;
  #whole = false;
  /** Bytes so far. */
  count = 0;

  /** @throws BuildFailed for a digest that nobody here can take */
  constructor(body: AsyncIterable<Uint8Array>, digest: string) {
    const [algorithm = "", wanted = ""] = digest.split(":");
    if (!/^sha(?:256|384|512)$/.test(algorithm)) throw new BuildFailed("its digest is of an unknown kind");
    this.#body = body;
    this.#sum = createHash(algorithm);
    this.#wanted = wanted;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#body) {
      this.#sum.update(chunk);
      this.count += chunk.length;
      yield chunk;
    }
    this.#whole = true;
  }

  /** @throws BuildFailed where the bytes were not all taken, or are not those that were named */
  end(): void {
    if (!this.#whole) throw new BuildFailed("there is more in it after its end");
    if (this.#sum.digest("hex") === this.#wanted) return;
    throw new BuildFailed("the registry gave other bytes than the manifest names");
  }
}

function refuseTooMany(tree: Tree): void {
  let count = 0;
  for (const [, { packages }] of tree.files()) count += packages.length;
  if (count > MOST_PACKAGES) throw new BuildFailed(`there are more than ${MOST_PACKAGES} packages in it`);
}
