/** Asks a registry whether it has an image. */
import type { Reference } from "../image/reference.ts";
import { ACCEPT_ANY } from "./media-types.ts";
import { RegistryClient } from "./registry-client.ts";
import type { RegistryAnswer, RegistryOptions } from "./registry-client.ts";

/** The codes of OCI distribution-spec 1.1, and Harbor's own. A proxy's page that says 404 has none. */
const UNKNOWN: ReadonlySet<unknown> = new Set(["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"]);

/** `unknown`: a refusal, or any other answer that says nothing of the image. Docker Hub refuses to speak of what it does not have. */
export type Presence = "there" | "missing" | "unknown";

/** @throws RegistryError if the registry cannot be reached */
export async function askForImage(reference: Reference, options: RegistryOptions): Promise<Presence> {
  const client = new RegistryClient(options);
  const { registry, repository, digest, tag = "latest" } = reference;
  const question = {
    path: `${repository}/manifests/${digest ?? tag}`,
    headers: { accept: ACCEPT_ANY },
    scopes: [`repository:${repository}:pull`],
  };
  // Registries that count pulls do not count HEAD, but only the answer to GET says why.
  const { status } = await client.ask(registry, { ...question, method: "HEAD" });
  if (status === 200) return "there";
  if (status !== 404) return "unknown";
  return saysUnknown(await client.ask(registry, { ...question, method: "GET" })) ? "missing" : "unknown";
}

/** Whether a registry's own answer to GET is that it has no such manifest. */
export function saysUnknown({ status, body }: Pick<RegistryAnswer, "status" | "body">): boolean {
  return status === 404 && codesOf(body).some((code) => UNKNOWN.has(code));
}

function codesOf(body: string): unknown[] {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    return Array.isArray(errors) ? errors.map((error: { code?: unknown } | null) => error?.code) : [];
  } catch {
    return [];
  }
}
