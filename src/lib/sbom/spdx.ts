/** Writes the packages of an image as an SPDX 2.3 document in JSON (spdx.github.io/spdx-spec/v2.3). Pure. */
import { createHash } from "node:crypto";
import type { FoundPackage, OperatingSystem } from "./contents.ts";
import { licenceExpression, licenceReference } from "./licence.ts";
import { imageUrl, packageUrl } from "./package-url.ts";
import type { FoundFile } from "./read-layer.ts";
import type { ScannedImage } from "./scan-image.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export interface DocumentFacts {
  /** The names that the image was pushed as. The first one names the document. */
  readonly references: readonly { readonly name: string; readonly tag?: string | undefined }[];
  /** Digest of the image's manifest. */
  readonly digest: string;
  /** The build's name. Together with the digest it makes the document's namespace unique. */
  readonly build: string;
  readonly version: string;
  readonly created: Date;
}

/** Most paths that are listed for one package. The rest are only counted. */
const MAX_LISTED_PATHS = 5;

const SCOPE =
  "Read from the files of the image's layers: the databases of dpkg and apk, package.json of packages in node_modules, METADATA of " +
  "Python's .dist-info and PKG-INFO of its .egg-info, and the module lists of Go programs. Software installed in any other way is not listed.";

const UNKNOWN = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";
const IMAGE = "SPDXRef-Image";

interface Listed {
  readonly found: FoundPackage;
  readonly paths: string[];
}

export interface MadeDocument {
  readonly document: object;
  /** Number of packages, without the image and the operating system. */
  readonly count: number;
}

export function spdxDocument({ files }: Pick<ScannedImage, "files">, facts: DocumentFacts): MadeDocument {
  const [first = { name: "image" }] = facts.references;
  const system = systemOf(files);
  const listed = listPackages(files, system?.system);
  const unread = files.filter(([, { unread: why, sha1 }]) => why !== undefined && sha1 !== undefined);
  const contained = [
    ...(system === undefined ? [] : [systemPackage(system.system, system.path)]),
    ...[...listed].map(([url, { found, paths }]) => packageOf(url, found, paths)),
  ];
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: `${first.name}@${facts.digest}`,
    documentNamespace: `https://slipway.dev/spdx/${facts.build}/${facts.digest.replace(":", "-")}`,
    creationInfo: {
      created: facts.created.toISOString().replace(/\.\d+Z$/, "Z"),
      creators: [`Tool: slipway-${facts.version}`],
      comment: [SCOPE, ...withoutDigests(files)].join(" "),
    },
    packages: [imagePackage(facts, first), ...contained],
    ...(unread.length === 0 ? {} : { files: unread.map(([path, file]) => fileOf(path, file)) }),
    relationships: [
      relationship(DOCUMENT, "DESCRIBES", IMAGE),
      ...contained.map(({ SPDXID }) => relationship(IMAGE, "CONTAINS", SPDXID)),
      // SPDX: a package whose files are not analysed must not contain files.
      ...unread.map(([path]) => ({
        ...relationship(IMAGE, "OTHER", fileId(path)),
        comment: "in the image, but not read",
      })),
    ],
    ...extractedLicences([...listed.values()].map(({ found }) => found)),
  };
  return { document, count: listed.size };
}

/** If both os-release files exist, the one in /etc wins (os-release(5)). */
function systemOf(files: ScannedImage["files"]): { system: OperatingSystem; path: string } | undefined {
  for (const [path, { system }] of files) if (system !== undefined) return { system, path };
  return undefined;
}

/** Packages by package URL: a package that is installed twice is one package with two paths. */
function listPackages(files: ScannedImage["files"], system: OperatingSystem | undefined): Map<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const [path, { packages }] of files) {
    for (const found of packages) {
      const url = packageUrl(found, system);
      const known = listed.get(url);
      if (known === undefined) listed.set(url, { found, paths: [path] });
      else if (known.paths.at(-1) !== path) known.paths.push(path);
    }
  }
  return new Map([...listed].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function packageOf(url: string, { type, name, version, licence, source }: FoundPackage, paths: readonly string[]) {
  return {
    SPDXID: `SPDXRef-Package-${type}-${idPart(name)}-${sum(url)}`,
    name,
    ...omitUndefined({ versionInfo: version }),
    ...UNEXAMINED,
    licenseDeclared: licence === undefined ? UNKNOWN : (licenceExpression(licence) ?? licenceReference(licence)),
    ...(source === undefined
      ? {}
      : { sourceInfo: `built package from: ${[source.name, source.version].filter(Boolean).join(" ")}` }),
    comment: `found in ${pathsText(paths)}`,
    externalRefs: [packageManagerReference(url)],
  };
}

const UNEXAMINED = {
  downloadLocation: UNKNOWN,
  filesAnalyzed: false,
  licenseConcluded: UNKNOWN,
  copyrightText: UNKNOWN,
} as const;

function systemPackage({ id, version }: OperatingSystem, path: string) {
  return {
    SPDXID: "SPDXRef-OperatingSystem",
    name: id,
    ...omitUndefined({ versionInfo: version }),
    ...UNEXAMINED,
    licenseDeclared: UNKNOWN,
    comment: `found in ${path}`,
  };
}

function imagePackage({ digest }: DocumentFacts, { name, tag }: DocumentFacts["references"][number]) {
  return {
    SPDXID: IMAGE,
    name,
    versionInfo: digest,
    ...UNEXAMINED,
    licenseDeclared: UNKNOWN,
    primaryPackagePurpose: "CONTAINER",
    externalRefs: [packageManagerReference(imageUrl(name, digest, tag))],
  };
}

function packageManagerReference(url: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: url };
}

function fileOf(path: string, { sha1 = "", sha256 = "", unread }: FoundFile) {
  return {
    SPDXID: fileId(path),
    fileName: `.${path}`,
    checksums: [
      { algorithm: "SHA1", checksumValue: sha1 },
      { algorithm: "SHA256", checksumValue: sha256 },
    ],
    licenseConcluded: UNKNOWN,
    copyrightText: UNKNOWN,
    comment: `The packages of this file are missing from the list, all or some of them: ${unread}.`,
  };
}

/** SPDX requires a checksum for a file. */
function withoutDigests(files: ScannedImage["files"]): string[] {
  const paths = files.flatMap(([path, { unread, sha1 }]) => (unread !== undefined && sha1 === undefined ? [path] : []));
  return paths.length === 0 ? [] : [`Hard links to files of other layers are not read: ${pathsText(paths)}.`];
}

/** The original licence texts, for the references in the packages. */
function extractedLicences(packages: readonly FoundPackage[]): object {
  const words = new Set(packages.flatMap(({ licence }) => licence ?? []));
  const infos = [...words].flatMap((text) =>
    licenceExpression(text) === undefined
      ? [{ licenseId: licenceReference(text), extractedText: text, name: text.replaceAll(/\s+/g, " ") }]
      : [],
  );
  return infos.length === 0 ? {} : { hasExtractedLicensingInfos: infos };
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function pathsText(paths: readonly string[]): string {
  const more = paths.length - MAX_LISTED_PATHS;
  const named = paths.slice(0, MAX_LISTED_PATHS).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}

function fileId(path: string): string {
  return `SPDXRef-File-${idPart(path.split("/").at(-1) ?? "")}-${sum(path)}`;
}

/** Replaces the characters that an SPDX identifier may not have. */
function idPart(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9.-]+/g, "-").slice(0, 64);
}

function sum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
