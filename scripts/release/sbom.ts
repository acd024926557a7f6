/** The SBOM of a release, an SPDX 2.3 document in JSON (spdx.github.io/spdx-spec/v2.3): the packages with code in the program, and Node. */
import type { BundledPackage } from "../../docs/generate/licences.ts";
import { licenceExpression } from "../../src/lib/sbom/licence.ts";
import { packageUrl } from "../../src/lib/sbom/package-url.ts";
import { NODE_PACKAGES, NODE_VERSION } from "./node-packages.ts";

export interface Released {
  readonly version: string;
  /** In seconds since 1970. */
  readonly epoch: string;
  /** Of the source, in hex. It makes the document's namespace unique. */
  readonly commit: string;
}

const UNKNOWN = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";
const PROGRAM = "SPDXRef-slipway";

/** The same input gives the same bytes. */
export function releaseSbom({ version, epoch, commit }: Released, bundled: readonly BundledPackage[]): string {
  const packages = [
    packageOf({ name: "slipway", version, licence: "Apache-2.0" }, { SPDXID: PROGRAM }),
    ...bundled
      .toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
      .map((found) => packageOf(found)),
    ...Object.values(NODE_PACKAGES).map(({ name, integrity }) =>
      packageOf(
        { name, version: NODE_VERSION, licence: "MIT" },
        {
          comment: "in the executable of its platform; not in the npm package",
          checksums: [{ algorithm: "SHA512", checksumValue: hexOf(integrity) }],
        },
      ),
    ),
  ];
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: `slipway-${version}`,
    documentNamespace: `https://slipway.dev/spdx/release/${version}-${commit}`,
    creationInfo: {
      created: new Date(Number(epoch) * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
      creators: [`Tool: slipway-${version}`],
    },
    packages,
    relationships: [
      relationship(DOCUMENT, "DESCRIBES", PROGRAM),
      ...packages.slice(1).map(({ SPDXID }) => relationship(PROGRAM, "CONTAINS", SPDXID)),
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Facts of one package besides those that all have. */
interface MoreFacts {
  readonly SPDXID?: string;
  readonly comment?: string;
  readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
}

function packageOf({ name, version, licence }: BundledPackage, more: MoreFacts = {}) {
  const locator = packageUrl({ type: "npm", name, version }, undefined);
  return {
    SPDXID: `SPDXRef-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: licenceExpression(licence) ?? UNKNOWN,
    copyrightText: UNKNOWN,
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: locator }],
    ...more,
  };
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}

/** @param integrity as npm writes it: the hash's name, then base64 */
function hexOf(integrity: string): string {
  return Buffer.from(integrity.slice(integrity.indexOf("-") + 1), "base64").toString("hex");
}
