/** Removes a tag and keeps the image: other names may need it. */
import { randomUUID } from "node:crypto";
import type { Reference } from "../image/reference.ts";
import { digestOf } from "./digest.ts";
import { ACCEPT_ANY, OCI_MANIFEST } from "./media-types.ts";
import { EMPTY, EMPTY_DESCRIPTOR, uploadContent } from "./referrer.ts";
import type { RegistryClient } from "./registry-client.ts";

/**
 * The image is never removed by its digest, which would remove it with all its names (distribution-spec 1.1, "Deleting tags"). Distribution 2
 * removes no tags, but it removes a manifest together with the tags that name it: so the tag is first moved to a manifest of its own.
 * @returns whether the tag is gone; false for a registry that removes nothing, or does not let this user
 * @throws RegistryError if the registry does not answer
 */
export async function removeTag(client: RegistryClient, reference: Reference): Promise<boolean> {
  const { tag } = reference;
  if (tag === undefined) return true;
  const ask = manifestsOf(client, reference);
  if ((await ask("HEAD", tag)) === 404) return true;
  if (isDone(await ask("DELETE", tag))) return true;
  const placeholder = placeholderOf(randomUUID());
  // A registry that removes manifests answers 404 for one that it does not have.
  if ((await ask("DELETE", placeholder.digest)) !== 404) return false;
  await uploadContent(client, reference, EMPTY);
  return isDone(await ask("PUT", tag, placeholder.text)) && isDone(await ask("DELETE", placeholder.digest));
}

type Ask = (method: "HEAD" | "DELETE" | "PUT", name: string, text?: string) => Promise<number>;

/** Asks about a manifest. @returns the status */
function manifestsOf(client: RegistryClient, { registry, repository }: Reference): Ask {
  const access = { HEAD: "pull", PUT: "pull,push", DELETE: "pull,push,delete" } as const;
  return async (method, name, text) => {
    const { status } = await client.ask(registry, {
      method,
      path: `${repository}/manifests/${name}`,
      headers: text === undefined ? { accept: ACCEPT_ANY } : { "content-type": OCI_MANIFEST },
      ...(text === undefined ? {} : { body: Buffer.from(text) }),
      scopes: [`repository:${repository}:${access[method]}`],
    });
    return status;
  };
}

/** A manifest that nothing else has: with its digest only this tag is removed. */
function placeholderOf(id: string): { readonly text: string; readonly digest: string } {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.slipway.removed-tag",
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    annotations: { "dev.slipway.removed": id },
  });
  return { text, digest: digestOf(text) };
}

function isDone(status: number): boolean {
  return status >= 200 && status < 300;
}
