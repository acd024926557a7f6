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
 * @param options the entry of the list, and the types of artifacts that are copied. Others stay.
 * @throws BuildFailed, AuthError or ClusterError if a registry cannot be reached or refuses
 */
export async function copyReferrer(
  client: RegistryClient,
  source: Reference,
  target: Reference,
  subject: string,
  { referrer, types }: { readonly referrer: IndexDescriptor; readonly types: ReadonlySet<string> },
): Promise<void> {
  if (source.name === target.name) return;
  const { digest, mediaType, size, annotations } = referrer;
  if (!types.has(referrer.artifactType ?? "") && !LISTED_FOR_OTHERS.has(referrer.artifactType)) return;
  const found = await findManifest(client, withDigest(source, digest), size);
  const artifactType = artifactTypeOf(found.text) ?? referrer.artifactType;
  if (!types.has(artifactType ?? "")) return;
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

/**
 * Types under which a list may have an artifact of another type: none, and that of an empty configuration, which go-containerregistry
 * (v0.20, and so cosign 2) enters into the fallback tag.
 */
const LISTED_FOR_OTHERS: ReadonlySet<string | undefined> = new Set([undefined, "application/vnd.oci.empty.v1+json"]);

function artifactTypeOf(manifest: string): string | undefined {
  return (JSON.parse(manifest) as { readonly artifactType?: string } | null)?.artifactType;
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
