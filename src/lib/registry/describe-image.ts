/** What the registry an image was pushed to says of it: its ID, its size, its digest. */
import type { ImageDescription } from "./types.ts";
import type { Reference } from "../image/reference.ts";
import type { Credential } from "../credentials/credentials.ts";
import { RegistryClient } from "./registry-client.ts";
import { createHash } from "node:crypto";
import { ClusterError } from "../../errors.ts";

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

// Reads back, from the registry an image was pushed to, what a builder does not tell: the digest of its configuration.

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const MANIFESTS = [OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"].join(", ");

export interface ManifestFacts {
  /** The image ID docker prints: `sha256:…` of the configuration. Absent for what is no image manifest. */
  readonly configDigest?: string;
  readonly descriptor: NonNullable<ImageDescription["descriptor"]>;
}

/** @param withPlatform asks for the configuration as well, which has it */
export async function readManifest(
  client: RegistryClient,
  reference: Reference,
  digest: string,
  withPlatform = false,
): Promise<ManifestFacts> {
  const text = await client.get(reference, `manifests/${digest}`, MANIFESTS);
  const manifest = (JSON.parse(text) ?? {}) as { mediaType?: unknown; config?: { digest?: unknown } | null };
  const config = manifest.config?.digest;
  return {
    ...(typeof config === "string" ? { configDigest: config } : {}),
    // An OCI manifest need not say what it is (image-spec, manifest.md).
    descriptor: {
      mediaType: typeof manifest.mediaType === "string" ? manifest.mediaType : OCI_MANIFEST,
      size: Buffer.byteLength(text),
      ...(withPlatform && typeof config === "string" ? await platformOf(client, reference, config) : {}),
    },
  };
}

/** As the configuration has it (OCI image-spec, config.md). */
async function platformOf(client: RegistryClient, reference: Reference, digest: string) {
  const { architecture, os, variant } = JSON.parse(await client.get(reference, `blobs/${digest}`, "*/*")) as {
    architecture?: unknown;
    os?: unknown;
    variant?: unknown;
  };
  if (typeof architecture !== "string" || typeof os !== "string") return {};
  return { platform: { architecture, os, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) } };
}

/**
 * The digest of the manifest a tag stands for.
 * @param configDigest what that manifest has to name as its configuration, when it is known
 * @throws ClusterError when the registry cannot be asked, or says otherwise
 */
export async function readPushedDigest(
  client: RegistryClient,
  reference: Reference,
  configDigest: string | undefined,
): Promise<string> {
  let manifest: string;
  try {
    manifest = await client.get(reference, `manifests/${reference.tag ?? "latest"}`, MANIFESTS);
  } catch (error) {
    throw new ClusterError(
      `the image was built and pushed, but its digest is not known: ${error instanceof Error ? error.message : String(error)}`,
      {
        suggestions: [
          "Only the registry can tell what this builder pushed: let this machine reach it, or use another builder.",
        ],
        cause: error,
      },
    );
  }
  const found = (JSON.parse(manifest) as { config?: { digest?: unknown } | null } | null)?.config?.digest;
  if (configDigest !== undefined && found !== configDigest) {
    throw new ClusterError(`the image was built and pushed, but ${reference.toString()} is another image by now`, {
      suggestions: ["Something else pushed to the same tag at the same time. Build again, under a tag of your own."],
    });
  }
  return `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
}
