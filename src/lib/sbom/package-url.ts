/** Writes package URLs: `pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12` (ECMA-427, and purl-spec's types/). */
import type { FoundPackage, OperatingSystem } from "./contents.ts";

/** The distribution to assume for packages of an image without os-release. */
const DEFAULT_VENDOR = { deb: "debian", apk: "alpine" } as const;

export function packageUrl(found: FoundPackage, system: OperatingSystem | undefined): string {
  const { type, version, architecture, source } = found;
  switch (type) {
    case "deb":
    case "apk": {
      const vendor = (system?.id ?? DEFAULT_VENDOR[type]).toLowerCase();
      return urlOf(type, [vendor, found.name.toLowerCase()], version, {
        arch: architecture,
        distro: system?.version === undefined ? undefined : `${system.id}-${system.version}`,
        // Scanners need the source package, because the advisories of distributions are about sources.
        upstream: upstreamOf(source, found),
      });
    }
    case "pypi":
      return urlOf(type, [found.name.toLowerCase().replaceAll("_", "-")], version);
    case "golang":
      return urlOf(type, found.name.toLowerCase().split("/"), version);
    default:
      return urlOf(type, found.name.split("/"), version);
  }
}

/** @param name repository with its registry */
export function imageUrl(name: string, digest: string, tag: string | undefined): string {
  return urlOf("oci", [(name.split("/").at(-1) ?? name).toLowerCase()], digest, { repository_url: name, tag });
}

function upstreamOf(source: FoundPackage["source"], { name, version }: FoundPackage): string | undefined {
  if (source === undefined || (source.name === name && source.version === version)) return undefined;
  return source.version === undefined || source.version === version ? source.name : `${source.name}@${source.version}`;
}

function urlOf(
  type: string,
  path: readonly string[],
  version: string | undefined,
  qualifiers: Readonly<Record<string, string | undefined>> = {},
): string {
  const pairs = Object.entries(qualifiers).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [`${key}=${encoded(value)}`],
  );
  return [
    `pkg:${type}/${path
      .filter((part) => part !== "")
      .map(encoded)
      .join("/")}`,
    version === undefined ? "" : `@${encoded(version)}`,
    // Sorted by key.
    pairs.length === 0 ? "" : `?${pairs.sort().join("&")}`,
  ].join("");
}

/** Percent-encodes everything but letters, digits, `.-_~` and the colon (ECMA-427, "Character encoding"). */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%3A", ":")
    .replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
