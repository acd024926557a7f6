/** `slipway push` and `slipway tag`: docker uses its own image store for these; slipway has none, so they use the registry. */
import { completeName } from "../plan/complete-name.ts";
import { readCa } from "../plan/registry-ca.ts";
import { parseReference } from "../lib/image/reference.ts";
import type { Reference } from "../lib/image/reference.ts";
import { openStores } from "../lib/credentials/stores.ts";
import { InvalidInput } from "../errors.ts";
import { copyImage, findManifest, listTags } from "../lib/registry/copy-image.ts";
import type { FoundManifest } from "../lib/registry/copy-image.ts";
import { RegistryClient } from "../lib/registry/registry-client.ts";
import { registryOptions } from "./registry-options.ts";

export { hasVersion } from "../lib/image/reference.ts";

/** For one answer of a registry: a blob that is copied may have gigabytes. */
const REQUEST_TIMEOUT_MS = 60 * 60_000;

export interface RegistryChoice {
  readonly "insecure-registry": readonly string[];
  readonly "registry-ca"?: string | undefined;
}

export interface PushedTag {
  readonly tag: string;
  readonly digest: string;
  /** Size of the manifest in bytes, as docker prints it. */
  readonly size: number;
}

/**
 * @param registry completes a name without a registry, as for `build -t`
 * @throws InvalidInput for a text that is not an image's name, such as an image's ID, which a registry does not know
 */
export function imageNamed(text: string, registry: string | undefined): Reference {
  if (/^sha256:[0-9a-f]{12,64}$/.test(text)) {
    throw new InvalidInput(`"${text}" is an image ID, and a registry knows images only by their names`, {
      suggestions: ["Name the image when it is built: -t REGISTRY/NAME."],
    });
  }
  return parseReference(completeName(text, registry));
}

/**
 * Checks that the registry has the image: its tag, or every tag of its repository.
 * @throws BuildFailed if it does not exist, AuthError if it may not be read
 */
export async function* verifyPushed(
  reference: Reference,
  all: boolean,
  choice: RegistryChoice,
  signal: AbortSignal,
): AsyncGenerator<PushedTag> {
  const client = await registryClient(choice, signal);
  const tags = all ? await listTags(client, reference) : [reference.tag ?? "latest"];
  for (const tag of tags) {
    const { digest, text } = await findManifest(client, withTag(reference, tag));
    yield { tag, digest, size: Buffer.byteLength(text) };
  }
}

/** @throws BuildFailed, AuthError */
export async function retag(
  source: Reference,
  target: Reference,
  choice: RegistryChoice,
  signal: AbortSignal,
): Promise<FoundManifest> {
  return copyImage(await registryClient(choice, signal), source, target);
}

function withTag(reference: Reference, tag: string): Reference {
  return parseReference(`${reference.name}:${tag}`);
}

/** With the user's logins. @throws InvalidInput if the file of certificates cannot be read */
export async function registryClient(
  { "insecure-registry": insecure, "registry-ca": file }: RegistryChoice,
  signal: AbortSignal,
): Promise<RegistryClient> {
  const [stores, ca] = await Promise.all([openStores(process.env), readCa(file)]);
  return new RegistryClient({ ...registryOptions({ insecure, ca }, stores), timeout: REQUEST_TIMEOUT_MS, signal });
}
