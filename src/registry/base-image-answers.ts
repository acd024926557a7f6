/** Manifests and configurations as registries give them (OCI image-spec and Docker's schema 2), reduced to what is asked of them here. */
import type { BaseImage } from "../dockerfile/reach.ts";

/** Digests: of the configurations of a manifest, or of the manifests of an index. @throws for anything else. */
export function manifestsOf(answer: unknown): { configs: string[]; manifests: string[] } {
  const { config, manifests } = answer as {
    config?: { digest?: unknown };
    manifests?: { digest?: unknown; platform?: { os?: unknown }; annotations?: Record<string, unknown> }[];
  };
  if (typeof config?.digest === "string") return { configs: [config.digest], manifests: [] };
  if (!Array.isArray(manifests)) throw new Error("it is no image");
  const digests = manifests
    // BuildKit's attestations are manifests of no platform, and never a base.
    .filter(({ platform }) => platform?.os === undefined || platform.os === "linux")
    .map(({ digest }) => digest);
  if (!digests.every((digest) => typeof digest === "string")) throw new Error("it is no image");
  return { configs: [], manifests: digests };
}

/** @throws for what is no image's configuration. */
export function asBaseImage(answer: unknown): BaseImage {
  const { config, rootfs } = answer as { config?: { Env?: unknown; OnBuild?: unknown } | null; rootfs?: unknown };
  if (typeof rootfs !== "object") throw new Error("it is no image");
  return { env: texts(config?.Env), onBuild: texts(config?.OnBuild) };
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw new Error("it is no image");
}
