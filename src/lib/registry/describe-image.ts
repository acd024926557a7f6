/** Reads ID, size and digest of a pushed image from its registry. */
import type { ImageDescription } from "./types.ts";
import type { Reference } from "../image/reference.ts";
import type { Credential } from "../credentials/credentials.ts";
import { WrongContent } from "./content-check.ts";
import { digestOf } from "./digest.ts";
import { ACCEPT_ANY, ACCEPT_IMAGE, OCI_MANIFEST } from "./media-types.ts";
import { RegistryClient } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";
import { ClusterError } from "../../errors.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** Short, as the image is already built and pushed, and only facts about it are missing. */
const REQUEST_TIMEOUT_MS = 10_000;

export type FindCredential = (registry: string) => Promise<Credential | undefined>;

export interface PushedImage {
  readonly reference: Reference;
  readonly insecure: readonly string[];
  readonly ca?: string;
  /** Whether it is an error when the registry answers that it has no such image. */
  readonly mustExist?: boolean;
}

/**
 * Undefined, after a warning, if the registry does not answer.
 * @param withPlatform costs one more request
 * @throws ClusterError if the image must exist and does not; WrongContent if the registry has another one under its digest
 */
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
    if (image.mustExist === true && error instanceof RegistryError && error.status === 404)
      throw missing(image, digest);
    if (image.mustExist === true && error instanceof WrongContent) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    warn(`the image ID is unknown, so the digest of its manifest is used: ${reason}`);
    return undefined;
  }
}

function missing({ reference }: PushedImage, digest: string): ClusterError {
  const { registry, repository } = reference;
  return new ClusterError(
    `the registry ${registry} has no image ${repository}@${digest}, which the build says it pushed`,
    {
      suggestions: [
        `Check that you may read it: slipway login ${registry}`,
        "Or the image was deleted, or the build did not push it: build again.",
      ],
    },
  );
}

/** The current digest of the image's tag, for a builder that does not report it. @throws errors of `readPushedDigest` */
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
    ...omitUndefined({ ca }),
    credential,
    timeout: REQUEST_TIMEOUT_MS,
  });
}

export interface ManifestFacts {
  /** The image ID that docker prints: `sha256:…` of the configuration. Absent for anything but an image manifest. */
  readonly configDigest?: string;
  readonly descriptor: NonNullable<ImageDescription["descriptor"]>;
}

/** @param withPlatform reads the configuration as well, which has the platform */
export async function readManifest(
  client: RegistryClient,
  reference: Reference,
  digest: string,
  withPlatform = false,
): Promise<ManifestFacts> {
  const text = await client.get(reference, `manifests/${digest}`, ACCEPT_ANY);
  const manifest = (JSON.parse(text) ?? {}) as { mediaType?: unknown; config?: { digest?: unknown } | null };
  const config = manifest.config?.digest;
  return {
    ...(typeof config === "string" ? { configDigest: config } : {}),
    // An OCI manifest may omit its media type (image-spec, manifest.md).
    descriptor: {
      mediaType: typeof manifest.mediaType === "string" ? manifest.mediaType : OCI_MANIFEST,
      size: Buffer.byteLength(text),
      ...(withPlatform && typeof config === "string" ? await platformOf(client, reference, config) : {}),
    },
  };
}

/** The platform in the configuration (OCI image-spec, config.md). */
async function platformOf(client: RegistryClient, reference: Reference, digest: string) {
  const configuration: unknown = JSON.parse(await client.get(reference, `blobs/${digest}`, "*/*"));
  const { architecture, os, variant } = (configuration ?? {}) as {
    architecture?: unknown;
    os?: unknown;
    variant?: unknown;
  };
  if (typeof architecture !== "string" || typeof os !== "string") return {};
  return { platform: { architecture, os, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) } };
}

/**
 * The digest of a tag's manifest.
 * @param configDigest the configuration that this manifest must have, if it is known
 * @throws ClusterError if the registry cannot be reached, or the tag has another image
 */
export async function readPushedDigest(
  client: RegistryClient,
  reference: Reference,
  configDigest: string | undefined,
): Promise<string> {
  let manifest: string;
  try {
    manifest = await client.get(reference, `manifests/${reference.tag ?? "latest"}`, ACCEPT_IMAGE);
  } catch (error) {
    throw new ClusterError(
      `the image was built and pushed, but its digest is unknown: ${error instanceof Error ? error.message : String(error)}`,
      {
        suggestions: [
          "Only the registry knows what this builder pushed: give this machine access to it, or use another builder.",
        ],
        cause: error,
      },
    );
  }
  const found = (JSON.parse(manifest) as { config?: { digest?: unknown } | null } | null)?.config?.digest;
  if (configDigest !== undefined && found !== configDigest) {
    throw new ClusterError(`the image was built and pushed, but ${reference.toString()} is now another image`, {
      suggestions: ["Another build pushed to the same tag at the same time. Build again with another tag."],
    });
  }
  return digestOf(manifest);
}
