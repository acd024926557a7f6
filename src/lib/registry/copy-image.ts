/** Copies an image to another name with only the registry's API: the same manifest, and the blobs that are missing. */
import { Reference, isDigest } from "../image/reference.ts";
import { AuthError, BuildFailed } from "../../errors.ts";
import { digestOf } from "./digest.ts";
import { ACCEPT_ANY, OCI_MANIFEST } from "./media-types.ts";
import type { RegistryClient, RegistryQuestion } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";
import { limitOf, variableOfLimit } from "../limits/limits.ts";
import { uploadUrlOf } from "./upload-url.ts";

const LOGIN = ["Log in with `slipway login REGISTRY`, as a user with the right to do this."];

export interface FoundManifest {
  readonly digest: string;
  readonly mediaType: string;
  /** The exact text: the digest is computed from its bytes. */
  readonly text: string;
}

interface Descriptor {
  readonly digest: string;
  /** Bytes. */
  readonly size?: number;
  /** Addresses of a blob that may not be stored in registries. */
  readonly urls?: readonly string[];
}

interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/**
 * The manifest of an image.
 * @param size its bytes, where a descriptor says so
 * @throws BuildFailed if the registry has no such image or cannot be reached, AuthError if it does not accept the credentials
 */
export async function findManifest(
  client: RegistryClient,
  reference: Reference,
  size?: number,
): Promise<FoundManifest> {
  const { registry, repository, tag, digest } = reference;
  const answer = await ask(client, registry, {
    method: "GET",
    path: `${repository}/manifests/${digest ?? tag ?? "latest"}`,
    headers: { accept: ACCEPT_ANY },
    scopes: [`repository:${repository}:pull`],
    size,
  });
  if (answer.status === 404) {
    throw new BuildFailed(`the registry has no image ${reference.toString()}`, {
      suggestions: [`Build it first: \`slipway build -t ${reference.toString()} .\` pushes it.`],
    });
  }
  expect(answer, [200], reference);
  return {
    digest: digestOf(answer.body),
    mediaType: String(answer.headers["content-type"] ?? OCI_MANIFEST).split(";", 1)[0] ?? "",
    text: answer.body,
  };
}

/** Every tag of a repository, in the registry's order. @throws as `findManifest` */
export async function listTags(client: RegistryClient, image: Reference): Promise<string[]> {
  const { registry, repository, name } = image;
  const tags: string[] = [];
  let path: string | undefined = `${repository}/tags/list`;
  const pages = limitOf("REGISTRY_TAG_PAGES");
  for (let page = 1; path !== undefined; page += 1) {
    if (page > pages) {
      throw new BuildFailed(`the list of tags of ${name} has more than ${pages} pages`, {
        suggestions: [`Raise the limit: ${variableOfLimit("REGISTRY_TAG_PAGES")}=${pages * 10}`],
      });
    }
    const answer = await ask(client, registry, { method: "GET", path, scopes: [`repository:${repository}:pull`] });
    if (answer.status === 404) throw new BuildFailed(`the registry has no image ${name}`);
    expect(answer, [200], image);
    tags.push(...((JSON.parse(answer.body) as { tags?: string[] | null } | null)?.tags ?? []));
    const next = /<([^<>]+)>;\s*rel="?next"?/.exec(String(answer.headers["link"] ?? ""))?.[1];
    path = next === undefined ? undefined : URL.parse(next, answer.url)?.href;
  }
  return tags;
}

/**
 * Copies the image `source` to the name `target`. The manifest comes last, so that a reader of the new name never finds an
 * incomplete image.
 * @throws as `findManifest`
 */
export async function copyImage(client: RegistryClient, source: Reference, target: Reference): Promise<FoundManifest> {
  const found = await findManifest(client, source);
  if (source.name !== target.name) await copyParts(client, source, target, found);
  await putManifest(client, target, target.tag ?? "latest", found);
  return found;
}

/** Copies one manifest or index by its digest, with all that it names. @throws as `findManifest` */
export async function copyByDigest(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  digest: string,
): Promise<FoundManifest> {
  const found = await findManifest(client, withDigest(source, digest));
  await copyFound(client, source, target, digest, found);
  return found;
}

/**
 * As `copyByDigest`, for a manifest that has been read.
 * @param digest as the caller names it: of the algorithm that an index has it with
 */
export async function copyFound(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  digest: string,
  found: FoundManifest,
): Promise<void> {
  if (source.name === target.name) return;
  await copyParts(client, source, target, found);
  await putManifest(client, target, digest, found);
}

/** An index of images, and an index of such indexes. */
const MAX_DEPTH = 3;

/** @param copied digests of the manifests that this copy has copied */
async function copyParts(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  { text }: FoundManifest,
  copied = new Set<string>(),
  depth = 1,
): Promise<void> {
  const { config, layers = [], manifests = [] } = (JSON.parse(text) ?? {}) as Manifest;
  if (manifests.length > 0 && depth > MAX_DEPTH) {
    throw new BuildFailed(`${source.toString()} nests indexes more than ${MAX_DEPTH} deep`);
  }
  for (const { digest, size } of manifests) {
    if (copied.has(digest)) continue;
    copied.add(digest);
    const child = await findManifest(client, withDigest(source, digest), size);
    await copyParts(client, source, target, child, copied, depth + 1);
    await putManifest(client, target, digest, child);
  }
  const blobs = [...layers.filter(({ urls = [] }) => urls.length === 0), ...(config === undefined ? [] : [config])];
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  for (const [digest, size] of sizes) await copyBlob(client, source, target, { digest, size });
}

async function copyBlob(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  { digest, size }: { readonly digest: string; readonly size: number | undefined },
): Promise<void> {
  const { registry, repository } = target;
  refuseOtherThanDigest(digest, source);
  const scopes = scopesOf(source, target);
  const there = await ask(client, registry, { method: "HEAD", path: `${repository}/blobs/${digest}`, scopes });
  if (there.status === 200) return;
  const mount = source.registry === registry ? `?mount=${digest}&from=${encodeURIComponent(source.repository)}` : "";
  const begun = await ask(client, registry, { method: "POST", path: `${repository}/blobs/uploads/${mount}`, scopes });
  expect(begun, [201, 202], target);
  if (begun.status === 201) return;
  const uploadUrl = uploadUrlOf(begun, registry);
  uploadUrl.searchParams.set("digest", digest);
  await client
    .stream(
      source,
      `blobs/${digest}`,
      async ({ body, length }) => {
        const put = await ask(client, registry, {
          method: "PUT",
          path: uploadUrl.href,
          headers: {
            "content-type": "application/octet-stream",
            ...(length === undefined ? {} : { "content-length": String(length) }),
          },
          body,
          scopes,
        });
        // An incomplete or wrong blob ends the upload with an error. The registry checks the digest as well.
        expect(put, [201], target);
      },
      size,
    )
    .catch(failed);
}

/**
 * @param name a tag or the manifest's digest
 * @returns whether the registry lists the manifest under its subject, if it has one (distribution-spec 1.1, "Pushing Manifests with Subject")
 * @throws as `findManifest`
 */
export async function putManifest(
  client: RegistryClient,
  target: Reference,
  name: string,
  { mediaType, text }: Omit<FoundManifest, "digest">,
): Promise<boolean> {
  const { registry, repository } = target;
  const answer = await ask(client, registry, {
    method: "PUT",
    path: `${repository}/manifests/${name}`,
    headers: { "content-type": mediaType },
    body: Buffer.from(text),
    scopes: [`repository:${repository}:pull,push`],
  });
  expect(answer, [201], target);
  return answer.headers["oci-subject"] !== undefined;
}

/** A mount needs a token for the other repository as well. */
function scopesOf(source: Reference, target: Reference): string[] {
  const own = `repository:${target.repository}:pull,push`;
  return source.registry === target.registry ? [own, `repository:${source.repository}:pull`] : [own];
}

/**
 * The image or the part with this digest in the same repository.
 * @throws BuildFailed for what is not a digest: in a path it could name a tag, or another repository
 */
export function withDigest(reference: Reference, digest: string): Reference {
  const { registry, repository } = reference;
  refuseOtherThanDigest(digest, reference);
  return new Reference({ registry, repository, digest });
}

/** @throws as `findManifest`, for a registry that does not answer */
export async function ask(
  client: RegistryClient,
  registry: string,
  question: RegistryQuestion,
): ReturnType<RegistryClient["ask"]> {
  return client.ask(registry, question).catch(failed);
}

/** A registry that cannot be reached is not a fault of the cluster: the exit code is docker's, 1. */
function failed(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error;
  if (error.unauthorised) throw new AuthError(error.message, { suggestions: LOGIN, cause: error });
  throw new BuildFailed(error.message, { cause: error });
}

function expect(
  { status, url, body }: { status: number; url: string; body: string },
  wanted: readonly number[],
  { registry, name }: Reference,
): void {
  if (wanted.includes(status)) return;
  if (status === 401 || status === 403)
    throw new AuthError(`${registry} does not allow you to use ${name}`, { suggestions: LOGIN });
  throw new BuildFailed(`registry ${registry} answered ${status} to ${new URL(url).pathname}${reasonOf(body)}`);
}

/** The registry's message (distribution-spec, "Error Codes"), as the end of a sentence. */
function reasonOf(body: string): string {
  try {
    const { errors = [] } = (JSON.parse(body) ?? {}) as { errors?: { code?: string; message?: string }[] };
    const [first] = errors;
    return first === undefined ? "" : `: ${first.message ?? first.code ?? ""}`;
  } catch {
    return "";
  }
}

function refuseOtherThanDigest(text: string, { registry, repository }: Reference): void {
  if (isDigest(text)) return;
  throw new BuildFailed(`${registry}/${repository} refers to ${JSON.stringify(text)}, which is not a digest`);
}
