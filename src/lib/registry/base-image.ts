/** Manifests and configurations as registries give them (OCI image-spec and Docker's schema 2), reduced to what is asked of them here. */
import type { BaseImage } from "../dockerfile/used-paths.ts";
import type { Reference } from "../image/reference.ts";
import { RegistryClient } from "./registry-client.ts";
import type { RegistryOptions } from "./registry-client.ts";

/** Digests: of the configurations of a manifest, or of the manifests of an index. @throws for anything else. */
export function manifestsOf(answer: unknown): { configs: string[]; manifests: string[] } {
  const { config, manifests } = answer as {
    config?: { digest?: unknown };
    manifests?: { digest?: unknown; platform?: { os?: unknown }; annotations?: Record<string, unknown> }[];
  };
  if (typeof config?.digest === "string") return { configs: [config.digest], manifests: [] };
  if (!Array.isArray(manifests)) throw new Error("it is no image");
  const digests = manifests
    // BuildKit's attestations are manifests of no platform, and never a base.
    .filter(({ platform }) => platform?.os === undefined || platform.os === "linux")
    .map(({ digest }) => digest);
  if (!digests.every((digest) => typeof digest === "string")) throw new Error("it is no image");
  return { configs: [], manifests: digests };
}

/** @throws for what is no image's configuration. */
export function asBaseImage(answer: unknown): BaseImage {
  const { config, rootfs } = answer as { config?: { Env?: unknown; OnBuild?: unknown } | null; rootfs?: unknown };
  if (typeof rootfs !== "object") throw new Error("it is no image");
  return { env: texts(config?.Env), onBuild: texts(config?.OnBuild) };
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw new Error("it is no image");
}

// What a base image brings into a build from it: variables, and the triggers of its ONBUILD.

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
/** Platforms of one image that are looked at: which one a node takes is not known here. */
const MOST_PLATFORMS = 12;
const MOST_REDIRECTS = 3;

/**
 * All platforms of an image together, as one that brings what any of them does.
 * @param options `timeout` is for each request
 * @throws when the registry cannot be asked or answers something else
 */
export async function readBaseImage(reference: Reference, options: RegistryOptions): Promise<BaseImage> {
  const client = new RegistryClient(options);
  const manifest = async (name: string): Promise<unknown> =>
    JSON.parse(await client.get(reference, `manifests/${name}`, MANIFESTS));
  const { configs, manifests } = manifestsOf(await manifest(reference.digest ?? reference.tag ?? "latest"));
  if (manifests.length > MOST_PLATFORMS) throw new Error(`${manifests.length} platforms are too many to look at`);
  const found = await Promise.all(manifests.map(async (digest) => manifestsOf(await manifest(digest)).configs));
  const digests = [...new Set([...configs, ...found.flat()])];
  if (digests.length === 0) throw new Error("it is no image");
  const images = await Promise.all(
    digests.map(async (digest) => asBaseImage(await readBlob(client, reference, digest))),
  );
  return {
    env: [...new Set(images.flatMap(({ env }) => env))],
    onBuild: images.flatMap(({ onBuild }) => onBuild),
  };
}

/** Registries keep blobs elsewhere, and say where. */
async function readBlob(client: RegistryClient, { registry, repository }: Reference, digest: string): Promise<unknown> {
  let path = `${repository}/blobs/${digest}`;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await client.ask(registry, { method: "GET", path, scopes: [`repository:${repository}:pull`] });
    if (answer.status === 200) return JSON.parse(answer.body);
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || typeof location !== "string") {
      throw new Error(`${answer.url} answered ${answer.status}`);
    }
    path = new URL(location, answer.url).href;
  }
  throw new Error("too many redirects");
}
