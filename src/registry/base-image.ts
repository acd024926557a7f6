/** What a base image brings into a build from it: variables, and the triggers of its ONBUILD. */
import type { Reference } from "../build/reference.ts";
import type { BaseImage } from "../dockerfile/reach.ts";
import { asBaseImage, manifestsOf } from "./base-image-answers.ts";
import { RegistryClient } from "./registry-client.ts";
import type { RegistryOptions } from "./registry-client.ts";

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
