/** `slipway push` and `slipway tag`: what docker does with its own store of images, done with the registry, as there is no other. */
import { readFile } from "node:fs/promises";
import { completeName } from "../plan/complete-name.ts";
import { parseReference } from "../lib/image/reference.ts";
import type { Reference } from "../lib/image/reference.ts";
import { findCredential, openStores } from "../lib/credentials/stores.ts";
import { InvalidInput } from "../errors.ts";
import { copyImage, findManifest, listTags } from "../lib/registry/copy-image.ts";
import type { FoundManifest } from "../lib/registry/copy-image.ts";
import { RegistryClient } from "../lib/registry/registry-client.ts";

/** For one answer of a registry, in milliseconds: a blob that has to be carried over may be gigabytes. */
const PATIENCE = 60 * 60_000;

export interface RegistryChoice {
  readonly "insecure-registry": readonly string[];
  readonly "registry-ca"?: string | undefined;
}

export interface PushedTag {
  readonly tag: string;
  readonly digest: string;
  /** Of the manifest, in bytes: what docker prints. */
  readonly size: number;
}

/**
 * @param registry what completes a name that leaves the registry open, as for `build -t`
 * @throws InvalidInput for what is no name of an image: also for an image's ID, which names nothing in a registry
 */
export function imageNamed(text: string, registry: string | undefined): Reference {
  if (/^sha256:[0-9a-f]{12,64}$/.test(text)) {
    throw new InvalidInput(`"${text}" is an image ID, and a registry knows images by their names alone`, {
      suggestions: ["Give the image its name when it is built: -t REGISTRY/NAME."],
    });
  }
  return parseReference(completeName(text, registry));
}

/**
 * That the registry has the image, under its tag or under every one of its repository.
 * @throws BuildFailed where it is not there, AuthError where it may not be read
 */
export async function* verifyPushed(
  reference: Reference,
  all: boolean,
  choice: RegistryChoice,
): AsyncGenerator<PushedTag> {
  const client = await clientOf(choice);
  const tags = all ? await listTags(client, reference) : [reference.tag ?? "latest"];
  for (const tag of tags) {
    const { digest, text } = await findManifest(client, withTag(reference, tag));
    yield { tag, digest, size: Buffer.byteLength(text) };
  }
}

/** @throws BuildFailed, AuthError */
export async function retag(source: Reference, target: Reference, choice: RegistryChoice): Promise<FoundManifest> {
  return copyImage(await clientOf(choice), source, target);
}

function withTag(reference: Reference, tag: string): Reference {
  return parseReference(`${reference.name}:${tag}`);
}

async function clientOf({
  "insecure-registry": insecure,
  "registry-ca": file,
}: RegistryChoice): Promise<RegistryClient> {
  const stores = await openStores(process.env);
  return new RegistryClient({
    insecure,
    ...(file === undefined ? {} : { ca: await readCa(file) }),
    credential: (registry) => findCredential(stores, registry),
    timeout: PATIENCE,
  });
}

async function readCa(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(`--registry-ca ${file} cannot be read: ${error.code ?? error.message}`);
  });
}
