/**
 * Attaches a document to an image: a manifest with the image as its subject (OCI image-spec 1.1, manifest.md "Guidelines for
 * artifact usage"). The registry lists it under the image; if it does not support that, the fallback tag does
 * (distribution-spec 1.1, "Referrers Tag Schema").
 */
import type { Reference } from "../image/reference.ts";
import { ClusterError } from "../../errors.ts";
import { digestOf } from "./digest.ts";
import { ACCEPT_ANY, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";
import { publicUrl } from "../text/public-url.ts";
import { uploadUrlOf } from "./upload-url.ts";
import type { RegistryAnswer, RegistryClient, RegistryQuestion } from "./registry-client.ts";

/** Content of a manifest that has no configuration (OCI image-spec 1.1, manifest.md "Guidance for an Empty Descriptor"). */
export const EMPTY = Buffer.from("{}");

/** Names EMPTY as a configuration or a layer. */
export const EMPTY_DESCRIPTOR = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: digestOf(EMPTY),
  size: EMPTY.length,
} as const;

export interface Attachment {
  /** Also the artifact's type: `application/vnd.in-toto+json`. */
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly content: Uint8Array;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Returns the digest of the new manifest. Attaching the same document again changes nothing.
 * @param digest of the image's manifest, which must be in the reference's repository
 * @throws ClusterError if the registry cannot be reached or refuses the document
 */
export async function attach(
  client: RegistryClient,
  reference: Reference,
  digest: string,
  { mediaType, annotations, content }: Attachment,
): Promise<string> {
  const repository = new Repository(client, reference);
  const subject = await repository.describe(digest);
  await repository.upload(EMPTY);
  await repository.upload(content);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: mediaType,
    config: EMPTY_DESCRIPTOR,
    layers: [{ mediaType, digest: digestOf(content), size: content.length, annotations }],
    subject,
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const own = digestOf(bytes);
  const answer = await repository.put(own, OCI_MANIFEST, bytes);
  // A registry that lists referrers sends this header.
  if (answer.headers["oci-subject"] === undefined) {
    await repository.listByTag(digest, {
      mediaType: OCI_MANIFEST,
      digest: own,
      size: bytes.length,
      artifactType: mediaType,
      annotations,
    });
  }
  return own;
}

/**
 * Lists a manifest under its subject with the fallback tag, for a registry that does not do it by itself.
 * @throws ClusterError if the registry cannot be reached or refuses
 */
export async function listUnderTag(
  client: RegistryClient,
  reference: Reference,
  subject: string,
  entry: Descriptor,
): Promise<void> {
  await new Repository(client, reference).listByTag(subject, entry);
}

/** Makes sure that the repository has this blob. @throws ClusterError if the registry cannot be reached or refuses */
export async function uploadContent(client: RegistryClient, reference: Reference, content: Uint8Array): Promise<void> {
  await new Repository(client, reference).upload(content);
}

class Repository {
  readonly #client: RegistryClient;
  readonly #reference: Reference;

  constructor(client: RegistryClient, reference: Reference) {
    this.#client = client;
    this.#reference = reference;
  }

  async describe(digest: string): Promise<Descriptor> {
    const answer = await this.#ask({
      method: "GET",
      path: `manifests/${digest}`,
      headers: { accept: ACCEPT_ANY },
    });
    this.#expect(answer, 200);
    const { "content-type": type } = answer.headers;
    const mediaType = typeof type === "string" ? (type.split(";", 1)[0] ?? OCI_MANIFEST) : OCI_MANIFEST;
    return { mediaType, digest, size: Buffer.byteLength(answer.body) };
  }

  async upload(content: Uint8Array): Promise<void> {
    const digest = digestOf(content);
    if ((await this.#ask({ method: "HEAD", path: `blobs/${digest}` })).status === 200) return;
    const begun = await this.#ask({ method: "POST", path: "blobs/uploads/" });
    this.#expect(begun, 202);
    const target = uploadUrlOf(begun, this.#reference.registry);
    target.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    this.#expect(await this.#ask({ method: "PUT", path: target.href, headers, body: content }, true), 201);
  }

  async put(name: string, mediaType: string, body: Uint8Array): Promise<RegistryAnswer> {
    const headers = { "content-type": mediaType };
    const answer = await this.#ask({ method: "PUT", path: `manifests/${name}`, headers, body });
    this.#expect(answer, 201);
    return answer;
  }

  /** Adds the entry to the index with the tag `sha256-…` of the subject. */
  async listByTag(subject: string, entry: Descriptor): Promise<void> {
    const tag = subject.replace(":", "-");
    const answer = await this.#ask({ method: "GET", path: `manifests/${tag}`, headers: { accept: OCI_INDEX } });
    if (answer.status !== 404) this.#expect(answer, 200);
    const { manifests = [] } =
      answer.status === 404 ? {} : ((JSON.parse(answer.body) ?? {}) as { manifests?: Descriptor[] });
    if (manifests.some(({ digest }) => digest === entry.digest)) return;
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...manifests, entry] };
    await this.put(tag, OCI_INDEX, Buffer.from(JSON.stringify(index)));
  }

  #ask(question: Omit<RegistryQuestion, "scopes">, absolute = false): Promise<RegistryAnswer> {
    const { registry, repository } = this.#reference;
    return this.#client.ask(registry, {
      ...question,
      path: absolute ? question.path : `${repository}/${question.path}`,
      scopes: [`repository:${repository}:pull,push`],
    });
  }

  #expect({ url, status }: RegistryAnswer, wanted: number): void {
    if (status === wanted) return;
    throw new ClusterError(`${publicUrl(url)} answered ${status}`);
  }
}
