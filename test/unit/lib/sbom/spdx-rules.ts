/** The rules of SPDX 2.3 documents in JSON (spdx-spec 2.3, clauses 6 to 11 and annexes A, D and F), as far as ours need them. */
import { EXCEPTION_IDS, LICENCE_IDS } from "../../../../src/lib/sbom/licence-ids.ts";

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: boolean;
  readonly licenseConcluded: string;
  readonly licenseDeclared: string;
  readonly copyrightText: string;
  readonly sourceInfo?: string;
  readonly comment?: string;
  readonly primaryPackagePurpose?: string;
  readonly externalRefs?: readonly {
    readonly referenceCategory: string;
    readonly referenceType: string;
    readonly referenceLocator: string;
  }[];
}

export interface SpdxDocument {
  readonly spdxVersion: string;
  readonly dataLicense: string;
  readonly SPDXID: string;
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[]; readonly comment: string };
  readonly packages: readonly SpdxPackage[];
  readonly files?: readonly {
    readonly SPDXID: string;
    readonly fileName: string;
    readonly checksums: readonly { readonly algorithm: string; readonly checksumValue: string }[];
    readonly licenseConcluded: string;
    readonly copyrightText: string;
    readonly comment: string;
  }[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
    readonly comment?: string;
  }[];
  readonly hasExtractedLicensingInfos?: readonly {
    readonly licenseId: string;
    readonly extractedText: string;
    readonly name: string;
  }[];
}

const LISTED = new Set([...LICENCE_IDS, ...EXCEPTION_IDS]);
const PURL = /^pkg:[a-z]+\/[\w.~:%/-]+(?:@[\w.~:%-]+)?(?:\?[a-z_]+=[\w.~:%-]+(?:&[a-z_]+=[\w.~:%-]+)*)?$/;
/** Fields a document and its parts may have; what is not among them is not SPDX's. */
const FIELDS = {
  document:
    "spdxVersion dataLicense SPDXID name documentNamespace creationInfo packages files relationships hasExtractedLicensingInfos",
  package:
    "SPDXID name versionInfo downloadLocation filesAnalyzed licenseConcluded licenseDeclared copyrightText sourceInfo comment " +
    "primaryPackagePurpose externalRefs",
  file: "SPDXID fileName checksums licenseConcluded copyrightText comment",
};

/** One sentence for each thing that is wrong with it. */
export function faultsOf(document: SpdxDocument): string[] {
  const faults: string[] = [];
  const check = (right: boolean, fault: string): void => void (right || faults.push(fault));
  const fields = (kind: keyof typeof FIELDS, value: object): void => {
    for (const field of Object.keys(value)) check(FIELDS[kind].split(" ").includes(field), `${kind} has ${field}`);
  };
  fields("document", document);
  check(document.spdxVersion === "SPDX-2.3", "version");
  check(document.dataLicense === "CC0-1.0", "data licence");
  check(document.SPDXID === "SPDXRef-DOCUMENT", "identifier of the document");
  check(/^https:\/\/[^\s#]+$/.test(document.documentNamespace), `namespace ${document.documentNamespace}`);
  check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(document.creationInfo.created), "time of creation");
  check(
    document.creationInfo.creators.every((name) => /^Tool: \S+-\S+$/.test(name)),
    "creators",
  );
  const { packages, files = [], relationships, hasExtractedLicensingInfos: infos = [] } = document;
  const ids = ["SPDXRef-DOCUMENT", ...packages.map(({ SPDXID }) => SPDXID), ...files.map(({ SPDXID }) => SPDXID)];
  check(new Set(ids).size === ids.length, "an identifier stands there twice");
  for (const id of ids) check(/^SPDXRef-[A-Za-z0-9.-]+$/.test(id), `identifier ${id}`);
  for (const each of packages) {
    fields("package", each);
    check(each.name !== "" && !/\n/.test(each.name), `name ${each.name}`);
    check(
      ["downloadLocation", "licenseConcluded", "copyrightText"].every((key) => each[key as "name"] === "NOASSERTION"),
      `${each.name}: what nobody looked into`,
    );
    check(!each.filesAnalyzed, `${each.name}: files analyzed`);
    check(
      isExpression(
        each.licenseDeclared,
        infos.map(({ licenseId }) => licenseId),
      ),
      `licence ${each.licenseDeclared}`,
    );
    for (const { referenceCategory, referenceType, referenceLocator } of each.externalRefs ?? []) {
      check(referenceCategory === "PACKAGE-MANAGER" && referenceType === "purl", `reference of ${each.name}`);
      check(PURL.test(referenceLocator), `purl ${referenceLocator}`);
    }
  }
  for (const file of files) {
    fields("file", file);
    check(file.fileName.startsWith("./"), `file ${file.fileName}`);
    const sums = Object.fromEntries(file.checksums.map(({ algorithm, checksumValue }) => [algorithm, checksumValue]));
    check(/^[0-9a-f]{40}$/.test(sums["SHA1"] ?? ""), `SHA-1 of ${file.fileName}`);
    check(/^[0-9a-f]{64}$/.test(sums["SHA256"] ?? ""), `SHA-256 of ${file.fileName}`);
  }
  for (const { spdxElementId, relationshipType, relatedSpdxElement } of relationships) {
    check(["DESCRIBES", "CONTAINS", "OTHER"].includes(relationshipType), `relationship ${relationshipType}`);
    for (const id of [spdxElementId, relatedSpdxElement]) check(ids.includes(id), `no element ${id}`);
  }
  const related = new Set(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement));
  for (const id of ids.slice(1)) check(related.has(id), `nothing is said of ${id}`);
  for (const { licenseId, extractedText } of infos) {
    check(/^LicenseRef-[A-Za-z0-9.-]+$/.test(licenseId) && extractedText !== "", `licence ${licenseId}`);
    check(
      packages.some(({ licenseDeclared }) => licenseDeclared === licenseId),
      `${licenseId} is nobody's`,
    );
  }
  return faults;
}

/** Words of listed licences with AND, OR, WITH and brackets between, or one reference of the document's own. */
function isExpression(text: string, references: readonly string[]): boolean {
  if (text === "NOASSERTION" || references.includes(text)) return true;
  const words = text.replaceAll(/[()]/g, " ").trim().split(/\s+/);
  return words.every((word, at) =>
    at % 2 === 1 ? ["AND", "OR", "WITH"].includes(word) : LISTED.has(word.replace(/\+$/, "")),
  );
}
