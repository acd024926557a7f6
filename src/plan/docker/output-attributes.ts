/**
 * The attributes of `-o` that say how an image is written, with BuildKit's names and values (exporter/containerimage/exptypes/keys.go,
 * util/compression/attrs.go, exporter/local/fs.go).
 */
import { InvalidInput } from "../../errors.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import type { ImageAttributes } from "./options.ts";

/** Highest level of each compression. The lowest is 0. */
const LEVELS: Readonly<Record<string, number>> = { gzip: 9, estargz: 9, zstd: 22, uncompressed: 0 };

/** True or false, and false where they are not given, except for the media types. */
const SWITCHES: ReadonlySet<string> = new Set([
  "attestation-inline",
  "force-compression",
  "oci-artifact",
  "oci-mediatypes",
  "prefer-nondist-layers",
  "rewrite-timestamp",
]);

/** What they say is about the names in a store of images on the builder's side. There is none that outlasts the build. */
const OF_THE_STORE: ReadonlySet<string> = new Set([
  "danging-name-empty-only",
  "dangling-name-prefix",
  "name-canonical",
  "store",
  "unpack",
]);

/** Only an image that is pushed has a use for these. */
const OF_A_PUSH: ReadonlySet<string> = new Set(["push", "push-by-digest", "registry.insecure"]);

const ANNOTATION = /^annotation(?:-([a-z-]+))?(?:\[([\w/-]+)\])?\.(\S+)$/;

export interface ReadAttributes {
  /** What the builder is told. */
  readonly written: ImageAttributes;
  /** The image is pushed without a tag. */
  readonly byDigest: boolean;
  /** As values of `--annotation`. */
  readonly annotations: readonly string[];
}

/** @throws InvalidInput for a value that BuildKit refuses too, and for `registry.insecure` */
export function readImageAttributes(attributes: Readonly<Record<string, string>>): ReadAttributes {
  const written: Record<string, string> = {};
  const annotations: string[] = [];
  let byDigest = false;
  for (const [name, value] of Object.entries(attributes)) {
    const [found, on, platform, key] = ANNOTATION.exec(name) ?? [];
    if (found !== undefined) {
      const type =
        on === undefined && platform === undefined ? "" : `${on ?? "manifest"}${platform ? `[${platform}]` : ""}:`;
      annotations.push(`${type}${key}=${value}`);
    } else if (name === "push-by-digest") byDigest = switchOf(name, value);
    else if (name === "compression") written[name] = compressionOf(value);
    else if (name === "compression-level") written[name] = levelOf(value, attributes["compression"] ?? "gzip");
    else if (name === "registry.insecure" && switchOf(name, value)) throw insecure();
    else if (SWITCHES.has(name)) {
      const isOn = switchOf(name, value);
      if (isOn || name === "oci-mediatypes") written[name] = String(isOn);
    }
  }
  if (written["oci-mediatypes"] === "false") {
    const [wanted] = Object.entries(written).find(([name, value]) => needsOci({ [name]: value })) ?? [];
    if (wanted !== undefined) {
      throw new InvalidInput(`--output: ${wanted}=${written[wanted]} needs OCI's media types`, {
        docker: "refuses",
        suggestions: ["Leave out oci-mediatypes=false."],
      });
    }
  }
  return { written, byDigest, annotations };
}

/** Docker's media types have no name for such a layer. */
export function needsOci(attributes: ImageAttributes): boolean {
  return /^(?:estargz|zstd)$/.test(attributes["compression"] ?? "") || attributes["oci-artifact"] === "true";
}

/** What is asked for beyond the way that all builders write images: gzip and docker's media types. */
export function unusualAttributes(attributes: ImageAttributes): ImageAttributes {
  const isUsual = (name: string, value: string): boolean =>
    (name === "compression" && value === "gzip") || (name === "oci-mediatypes" && value === "false");
  return Object.fromEntries(Object.entries(attributes).filter(([name, value]) => !isUsual(name, value)));
}

/** Whether only a level of gzip is asked for. */
export function isLevelOnly(attributes: ImageAttributes): boolean {
  return Object.keys(attributes).every((name) => name === "compression-level");
}

/** Whether something is done with an attribute. @param type `image`, `registry`, `docker` or `oci` */
export function isKnownAttribute(type: string, name: string): boolean {
  const isPushed = type === "image" || type === "registry";
  if (OF_A_PUSH.has(name)) return isPushed;
  if (name === "tar") return !isPushed;
  if (["compression", "compression-level", "name"].includes(name)) return true;
  return OF_THE_STORE.has(name) || SWITCHES.has(name) || ANNOTATION.test(name);
}

function compressionOf(value: string): string {
  if (Object.hasOwn(LEVELS, value)) return value;
  throw new InvalidInput(`--output: there is no compression "${value}"`, {
    docker: "refuses",
    suggestions: [`Choose one of: ${Object.keys(LEVELS).join(", ")}.`],
  });
}

function levelOf(value: string, compression: string): string {
  const highest = LEVELS[compression] ?? 0;
  if (/^\d{1,2}$/.test(value) && Number(value) <= highest) return String(Number(value));
  throw new InvalidInput(`--output: compression-level=${value} is not a level of ${compression}`, {
    suggestions: [highest === 0 ? "Leave out compression-level." : `Write a number from 0 to ${highest}.`],
  });
}

/** As in BuildKit, an empty text is true. @throws InvalidInput */
export function switchOf(name: string, value: string): boolean {
  const on = value === "" ? true : parseBool(value);
  if (on !== undefined) return on;
  throw new InvalidInput(`--output: ${name}=${value} is neither true nor false`, {
    docker: "refuses",
    suggestions: [`Write ${name}=true.`],
  });
}

function insecure(): InvalidInput {
  return new InvalidInput("--output: registry.insecure=true does not say for which registry", {
    suggestions: ["Name the registry instead: --insecure-registry HOST[:PORT]"],
  });
}
