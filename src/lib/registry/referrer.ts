/**
 * Attaches a document to an image: a manifest whose subject the image is (OCI image-spec 1.1, manifest.md "Guidelines for artifact
 * usage"), listed under the image by the registry, or where it knows nothing of that, by the fallback tag (distribution-spec 1.1,
 * "Referrers Tag Schema").
 */
import { createHash } from "node:crypto";
import type { Reference } from "../image/reference.ts";
import { ClusterError } from "../../errors.ts";
import type { RegistryAnswer, RegistryClient, RegistryQuestion } from "./registry-client.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const EMPTY = Buffer.from("{}");

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
 * The digest of the manifest that holds it. Attaching the same again changes nothing.
 * @param digest of the image's manifest, which has to be in the reference's repository
 * @throws ClusterError when the registry cannot be asked or does not take it
 */
export async function attach(
  client: RegistryClient,
  reference: Reference,
  digest: string,
  { mediaType, annotations, content }: Attachment,
): Promise<string> {
  const repository = new Repository(client, reference);
  const subject = await repository.describe(digest);
  const [config, layer] = [
    { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(EMPTY), size: EMPTY.length },
    { mediaType, digest: digestOf(content), size: content.length, annotations },
  ];
  await repository.upload(EMPTY);
  await repository.upload(content);
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: mediaType,
    config,
    layers: [layer],
    subject,
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const own = digestOf(bytes);
  const answer = await repository.put(own, MANIFEST, bytes);
  // The registry says by this header that it lists what refers to a subject.
  if (answer.headers["oci-subject"] === undefined) {
    await repository.listByTag(digest, {
      mediaType: MANIFEST,
      digest: own,
      size: bytes.length,
      artifactType: mediaType,
      annotations,
    });
  }
  return own;
}

class Repository {
  readonly #client: RegistryClient;
  readonly #reference: Reference;

  constructor(client: RegistryClient, reference: Reference) {
    this.#client = client;
    this.#reference = reference;
  }

  async describe(digest: string): Promise<Descriptor> {
    const accept = [MANIFEST, INDEX, DOCKER_MANIFEST, "application/vnd.docker.distribution.manifest.list.v2+json"];
    const answer = await this.#ask({
      method: "GET",
      path: `manifests/${digest}`,
      headers: { accept: accept.join(", ") },
    });
    this.#expect(answer, 200);
    const { "content-type": type } = answer.headers;
    const mediaType = typeof type === "string" ? (type.split(";", 1)[0] ?? MANIFEST) : MANIFEST;
    return { mediaType, digest, size: Buffer.byteLength(answer.body) };
  }

  async upload(content: Uint8Array): Promise<void> {
    const digest = digestOf(content);
    if ((await this.#ask({ method: "HEAD", path: `blobs/${digest}` })).status === 200) return;
    const begun = await this.#ask({ method: "POST", path: "blobs/uploads/" });
    this.#expect(begun, 202);
    const target = new URL(String(begun.headers["location"] ?? ""), begun.url);
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

  /** Adds to the list that is the tag `sha256-…` of the subject. */
  async listByTag(subject: string, entry: Descriptor): Promise<void> {
    const tag = subject.replace(":", "-");
    const answer = await this.#ask({ method: "GET", path: `manifests/${tag}`, headers: { accept: INDEX } });
    if (answer.status !== 404) this.#expect(answer, 200);
    const { manifests = [] } =
      answer.status === 404 ? {} : ((JSON.parse(answer.body) ?? {}) as { manifests?: Descriptor[] });
    if (manifests.some(({ digest }) => digest === entry.digest)) return;
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [...manifests, entry] };
    await this.put(tag, INDEX, Buffer.from(JSON.stringify(index)));
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
    throw new ClusterError(`${new URL(url).origin}${new URL(url).pathname} answered ${status}`);
  }
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
