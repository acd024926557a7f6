/** What hangs on an image in a registry: its attestations and signatures (distribution-spec 1.1, "Listing Referrers"). */
import type { Reference } from "../image/reference.ts";
import { manifestsIn } from "./combine-index.ts";
import type { IndexDescriptor } from "./combine-index.ts";
import { ask, copyFound, findManifest, withDigest } from "./copy-image.ts";
import { OCI_INDEX } from "./media-types.ts";
import { listUnderTag } from "./referrer.ts";
import type { RegistryClient } from "./registry-client.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/**
 * The manifests that have this one as their subject; none from a registry that knows neither the list nor the fallback tag.
 * @param digest of the subject
 * @throws BuildFailed or AuthError if the registry cannot be reached or refuses
 */
export async function listReferrers(
  client: RegistryClient,
  { registry, repository }: Reference,
  digest: string,
): Promise<readonly IndexDescriptor[]> {
  for (const path of [`referrers/${digest}`, `manifests/${digest.replace(":", "-")}`]) {
    const answer = await ask(client, registry, {
      method: "GET",
      path: `${repository}/${path}`,
      headers: { accept: OCI_INDEX },
      scopes: [`repository:${repository}:pull`],
    });
    if (answer.status !== 200) continue;
    // A registry that does not know the list may answer with a page.
    const listed = asIndex(answer.body);
    if (listed !== undefined) return listed;
  }
  return [];
}

/**
 * Copies one referrer, and lists it under its subject in the other repository.
 * @throws BuildFailed, AuthError or ClusterError if a registry cannot be reached or refuses
 */
export async function copyReferrer(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  subject: string,
  referrer: IndexDescriptor,
): Promise<void> {
  if (source.name === target.name) return;
  const { digest, mediaType, size, artifactType, annotations } = referrer;
  const found = await findManifest(client, withDigest(source, digest), size);
  // The list is only the registry's word. What hangs on another image stays where it is.
  if (subjectOf(found.text) !== subject) return;
  await copyFound(client, source, target, digest, found);
  const there = await listReferrers(client, target, subject);
  if (there.some((entry) => entry.digest === digest)) return;
  await listUnderTag(client, target, subject, {
    mediaType,
    digest,
    size,
    ...omitUndefined({ artifactType, annotations }),
  });
}

function subjectOf(manifest: string): string | undefined {
  return (JSON.parse(manifest) as { readonly subject?: { readonly digest?: string } } | null)?.subject?.digest;
}

function asIndex(text: string): readonly IndexDescriptor[] | undefined {
  try {
    return manifestsIn(text);
  } catch {
    return undefined;
  }
}
