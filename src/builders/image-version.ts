/** The version of a builder, which the tag of its image tells. */
import type { FlagCapability } from "../plan/docker/capabilities.ts";
import type { Builder, Capability } from "./builder.ts";

/** The version in the tag of an image, without the `v`. Undefined for a tag without a version. */
export function versionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+(?:\.\d+)?)(?:[-@]|$)/.exec(image)?.[1];
}

export function isAtLeast(version: string, wanted: string): boolean {
  const [a, b] = [version, wanted].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let at = 0; at < 3; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The variable that names a builder's image, as cli/ reads it. */
export function imageVariable(builder: string): string {
  return `SLIPWAY_${builder.toUpperCase()}_IMAGE`;
}

/** The remedy for an image that is too old. @param version the first that can do it */
export function useLaterImage(builder: string, version: string, image: string): string {
  return `Use an image of ${builder} v${version} or later, with --builder-image or ${imageVariable(builder)}; this build uses ${image}.`;
}

/** What a builder supports in the version of this image. If the tag has no version, that of the default image counts. */
export function supportsOf(builder: Builder, image: string): ReadonlySet<Capability> {
  return new Set([...builder.supports].filter((capability) => !isTooOld(builder, capability, image)));
}

/** Remedies for the capabilities that a later image has. */
export function laterImages(builder: Builder, image: string): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(builder.since ?? {})
      .filter(([capability]) => isTooOld(builder, capability as FlagCapability, image))
      .map(([capability, version]) => [capability, useLaterImage(builder.name, version, image)]),
  );
}

function isTooOld({ since, defaultImage }: Builder, capability: Capability, image: string): boolean {
  const wanted = (since as Readonly<Record<string, string>> | undefined)?.[capability];
  const version = versionOf(image) ?? versionOf(defaultImage ?? "");
  return wanted !== undefined && (version === undefined || !isAtLeast(version, wanted));
}
