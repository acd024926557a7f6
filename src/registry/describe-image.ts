/** What the registry an image was pushed to says of it: its ID, its size, its digest. */
import type { ImageDescription } from "./types.ts";
import type { Reference } from "../build/reference.ts";
import type { Credential } from "../credentials/credentials.ts";
import { readManifest, readPushedDigest } from "./image-config.ts";
import { RegistryClient } from "./registry-client.ts";

/** How long the registry may take, in milliseconds: the image is built and pushed, only its other names are missing. */
const PATIENCE = 10_000;

export type FindCredential = (registry: string) => Promise<Credential | undefined>;

export interface PushedImage {
  readonly reference: Reference;
  readonly insecure: readonly string[];
  readonly ca?: string;
}

/** Undefined, after a warning, when the registry does not tell. @param withPlatform one question more */
export async function describeImage(
  image: PushedImage,
  digest: string,
  credential: FindCredential,
  warn: (message: string) => void,
  withPlatform = false,
): Promise<ImageDescription | undefined> {
  try {
    return await readManifest(open(image, credential), image.reference, digest, withPlatform);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`the image ID is not known here, its manifest's digest stands for it: ${reason}`);
    return undefined;
  }
}

/** The digest the image's tag has now, for a builder that does not tell it. @throws what `readPushedDigest` throws. */
export function findDigest(
  image: PushedImage,
  configDigest: string | undefined,
  credential: FindCredential,
): Promise<string> {
  return readPushedDigest(open(image, credential), image.reference, configDigest);
}

function open({ insecure, ca }: PushedImage, credential: FindCredential): RegistryClient {
  return new RegistryClient({
    insecure,
    ...(ca === undefined ? {} : { ca }),
    credential,
    timeout: PATIENCE,
  });
}
