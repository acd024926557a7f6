/** What was found in an image, as an SPDX 2.3 document in JSON (spdx.github.io/spdx-spec/v2.3). Pure. */
import { createHash } from "node:crypto";
import type { FoundPackage, OperatingSystem } from "./contents.ts";
import { licenceExpression, licenceReference } from "./licence.ts";
import { imageUrl, packageUrl } from "./package-url.ts";
import type { FoundFile } from "./read-layer.ts";
import type { ScannedImage } from "./scan-image.ts";

export interface DocumentFacts {
  /** The image's names, as it was pushed: the first names the document. */
  readonly references: readonly { readonly name: string; readonly tag?: string | undefined }[];
  /** Of its manifest. */
  readonly digest: string;
  /** The build's name: with the digest it makes the document's own name unique. */
  readonly build: string;
  readonly version: string;
  readonly created: Date;
}

/** Places of one package that are named; of a package that is there a thousand times the rest is counted. */
const PLACES_NAMED = 5;

const SCOPE =
  "Read from the files of the image's layers: the databases of dpkg and apk, package.json of packages in node_modules, METADATA of " +
  "Python's .dist-info and PKG-INFO of its .egg-info, and the modules that Go programs name. Software that came in any other way is not listed.";

const UNKNOWN = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";
const IMAGE = "SPDXRef-Image";

interface Listed {
  readonly found: FoundPackage;
  readonly places: string[];
}

export interface MadeDocument {
  readonly document: object;
  /** Packages in it, neither the image nor its system counted. */
  readonly count: number;
}

export function spdxDocument({ files }: Pick<ScannedImage, "files">, facts: DocumentFacts): MadeDocument {
  const [first = { name: "image" }] = facts.references;
  const system = systemOf(files);
  const listed = listPackages(files, system?.system);
  const unread = files.filter(([, { unread: why, sha1 }]) => why !== undefined && sha1 !== undefined);
  const contained = [
    ...(system === undefined ? [] : [systemPackage(system.system, system.path)]),
    ...[...listed].map(([url, { found, places }]) => packageOf(url, found, places)),
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
      // An image whose files are not listed one by one may contain none of them, as SPDX has it.
      ...unread.map(([path]) => ({
        ...relationship(IMAGE, "OTHER", fileId(path)),
        comment: "in the image, and not read",
      })),
    ],
    ...extractedLicences([...listed.values()].map(({ found }) => found)),
  };
  return { document, count: listed.size };
}

/** Where two files say what the system is, /etc's counts (os-release(5)). */
function systemOf(files: ScannedImage["files"]): { system: OperatingSystem; path: string } | undefined {
  for (const [path, { system }] of files) if (system !== undefined) return { system, path };
  return undefined;
}

/** By their package URLs: what is there twice is one package with two places. */
function listPackages(files: ScannedImage["files"], system: OperatingSystem | undefined): Map<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const [path, { packages }] of files) {
    for (const found of packages) {
      const url = packageUrl(found, system);
      const known = listed.get(url);
      if (known === undefined) listed.set(url, { found, places: [path] });
      else if (known.places.at(-1) !== path) known.places.push(path);
    }
  }
  return new Map([...listed].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function packageOf(url: string, { type, name, version, licence, source }: FoundPackage, places: readonly string[]) {
  return {
    SPDXID: `SPDXRef-Package-${type}-${idPart(name)}-${sum(url)}`,
    name,
    ...(version === undefined ? {} : { versionInfo: version }),
    ...UNEXAMINED,
    licenseDeclared: licence === undefined ? UNKNOWN : (licenceExpression(licence) ?? licenceReference(licence)),
    ...(source === undefined
      ? {}
      : { sourceInfo: `built package from: ${[source.name, source.version].filter(Boolean).join(" ")}` }),
    comment: `found in ${placesText(places)}`,
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
    ...(version === undefined ? {} : { versionInfo: version }),
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
    comment: `What this file names is not in the list, or not all of it: ${unread}.`,
  };
}

/** SPDX knows no file without a checksum. */
function withoutDigests(files: ScannedImage["files"]): string[] {
  const paths = files.flatMap(([path, { unread, sha1 }]) => (unread !== undefined && sha1 === undefined ? [path] : []));
  return paths.length === 0 ? [] : [`Hard links to files of other layers are not read: ${placesText(paths)}.`];
}

/** The words themselves, for each reference a package has to them. */
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

function placesText(places: readonly string[]): string {
  const more = places.length - PLACES_NAMED;
  const named = places.slice(0, PLACES_NAMED).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}

function fileId(path: string): string {
  return `SPDXRef-File-${idPart(path.split("/").at(-1) ?? "")}-${sum(path)}`;
}

/** What may stand in an identifier, of a name. */
function idPart(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9.-]+/g, "-").slice(0, 64);
}

function sum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
