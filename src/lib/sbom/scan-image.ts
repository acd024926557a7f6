/** Lists the packages of an image from its layers in the registry. Nothing is written to disk. */
import { setTimeout as pause } from "node:timers/promises";
import { Reference } from "../image/reference.ts";
import { BuildFailed } from "../../errors.ts";
import { findManifest } from "../registry/copy-image.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { FinalTree } from "./final-tree.ts";
import type { FoundFile, Tree } from "./read-layer.ts";
import { readLayer } from "./read-layer.ts";

export interface ScannedImage {
  /** By path in the final tree, with a leading slash, sorted. */
  readonly files: readonly (readonly [path: string, file: FoundFile])[];
  readonly layers: number;
  /** Bytes as downloaded from the registry. */
  readonly bytes: number;
}

/** Pauses before each further attempt to read a layer from its beginning, in milliseconds. */
const RETRY_PAUSES_MS: readonly number[] = [500, 2000];
/** Bound for a document that is made in memory. The largest images have about 20 000 packages. */
const MAX_PACKAGES = 200_000;

interface Layer {
  readonly digest: string;
  /** Bytes. */
  readonly size?: number;
}

/**
 * @param digest digest of the image's manifest
 * @param pauses milliseconds before each further attempt to read a layer
 * @throws BuildFailed for an image that cannot be read; AuthError or ClusterError if the registry refuses or fails
 */
export async function scanImage(
  client: RegistryClient,
  { registry, repository }: Reference,
  digest: string,
  signal: AbortSignal,
  pauses: readonly number[] = RETRY_PAUSES_MS,
): Promise<ScannedImage> {
  const image = new Reference({ registry, repository, digest });
  const { text } = await findManifest(client, image);
  const { layers } = (JSON.parse(text) ?? {}) as { layers?: readonly Layer[] };
  if (layers === undefined)
    throw new BuildFailed("it is an index of several images, and slipway can only read one image");
  let tree: Tree = new FinalTree<FoundFile>();
  let bytes = 0;
  for (const [index, layer] of layers.entries()) {
    const attempt = async (): Promise<Tree> => {
      const over = tree.copy();
      await readLayer(over, (use) =>
        client.stream(
          image,
          `blobs/${layer.digest}`,
          async ({ body }) => {
            await use(counted(body, (count) => (bytes += count)));
          },
          layer.size,
        ),
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

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length);
    yield chunk;
  }
}

function refuseTooMany(tree: Tree): void {
  let count = 0;
  for (const [, { packages }] of tree.files()) count += packages.length;
  if (count > MAX_PACKAGES) throw new BuildFailed(`it has more than ${MAX_PACKAGES} packages`);
}
