/** Asks a registry which manifest a tag names at this moment. */
import { isDigest } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import { digestOf } from "./digest.ts";
import { saysUnknown } from "./image-missing.ts";
import { ACCEPT_ANY } from "./media-types.ts";
import { RegistryClient } from "./registry-client.ts";
import type { RegistryOptions } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";
import { publicUrl } from "../text/public-url.ts";

/**
 * The digest of the tag's manifest, or undefined if the registry itself says that it has no such tag.
 * @throws RegistryError for any other answer, and if the registry cannot be reached
 */
export async function readTagDigest(reference: Reference, options: RegistryOptions): Promise<string | undefined> {
  const client = new RegistryClient(options);
  const { registry, repository, tag = "latest" } = reference;
  const question = {
    path: `${repository}/manifests/${tag}`,
    headers: { accept: ACCEPT_ANY },
    scopes: [`repository:${repository}:pull`],
  };
  // Registries that count pulls do not count HEAD. Not every registry sends the digest with it.
  const { status, headers } = await client.ask(registry, { ...question, method: "HEAD" });
  const digest = headers["docker-content-digest"];
  if (status === 200 && typeof digest === "string" && isDigest(digest)) return digest;
  const answer = await client.ask(registry, { ...question, method: "GET" });
  if (answer.status === 200) return digestOf(answer.body);
  if (saysUnknown(answer)) return undefined;
  throw new RegistryError(registry, `${publicUrl(answer.url)} answered ${answer.status}`, { status: answer.status });
}
