/** Reads from a registry what a base image brings into a build: its variables and its ONBUILD triggers. */
import type { BaseImage } from "../dockerfile/used-paths.ts";
import type { Reference } from "../image/reference.ts";
import { ACCEPT_ANY } from "./media-types.ts";
import { RegistryClient } from "./registry-client.ts";
import type { RegistryOptions } from "./registry-client.ts";

/** Digests of a manifest's configuration, or of an index's manifests. @throws Error for anything else */
export function manifestsOf(answer: unknown): { configs: string[]; manifests: string[] } {
  const { config, manifests } = (answer ?? {}) as {
    config?: { digest?: unknown } | null;
    manifests?: ({ digest?: unknown; platform?: { os?: unknown } | null } | null)[];
  };
  if (typeof config?.digest === "string") return { configs: [config.digest], manifests: [] };
  if (!Array.isArray(manifests)) throw new Error("it is not an image");
  const digests = manifests
    // BuildKit's attestations are manifests without a platform, and never a base.
    .filter((manifest) => (manifest?.platform?.os ?? "linux") === "linux")
    .map((manifest) => manifest?.digest);
  if (!digests.every((digest) => typeof digest === "string")) throw new Error("it is not an image");
  return { configs: [], manifests: digests };
}

/** @throws Error for anything but an image's configuration */
export function asBaseImage(answer: unknown): BaseImage {
  const { config, rootfs } = (answer ?? {}) as {
    config?: { Env?: unknown; OnBuild?: unknown } | null;
    rootfs?: unknown;
  };
  if (typeof rootfs !== "object") throw new Error("it is not an image");
  return { env: texts(config?.Env), onBuild: texts(config?.OnBuild) };
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw new Error("it is not an image");
}

/** Platforms of an image that are read: the node's platform is not known here. */
const MAX_PLATFORMS = 12;

/**
 * All platforms of an image merged into one: the variables and triggers of any of them.
 * @param options `timeout` is for each request
 * @throws Error if the registry cannot be reached or sends something else
 */
export async function readBaseImage(reference: Reference, options: RegistryOptions): Promise<BaseImage> {
  const client = new RegistryClient(options);
  const manifest = async (name: string): Promise<unknown> =>
    JSON.parse(await client.get(reference, `manifests/${name}`, ACCEPT_ANY));
  const { configs, manifests } = manifestsOf(await manifest(reference.digest ?? reference.tag ?? "latest"));
  if (manifests.length > MAX_PLATFORMS)
    throw new Error(`${manifests.length} platforms are more than the limit of ${MAX_PLATFORMS}`);
  const found = await Promise.all(manifests.map(async (digest) => manifestsOf(await manifest(digest)).configs));
  const digests = [...new Set([...configs, ...found.flat()])];
  if (digests.length === 0) throw new Error("it is not an image");
  const images = await Promise.all(
    digests.map(async (digest) => asBaseImage(JSON.parse(await client.get(reference, `blobs/${digest}`, "*/*")))),
  );
  return {
    env: [...new Set(images.flatMap(({ env }) => env))],
    onBuild: images.flatMap(({ onBuild }) => onBuild),
  };
}
