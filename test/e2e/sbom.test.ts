/** SBOMs that the client makes, held against what the tools in the image's own tree say. */
import { expect, test } from "vitest";
import { REGISTRY, mustBuild, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readText, sha256 } from "./support/registry.ts";
import { faultsOf } from "../unit/lib/sbom/spdx-rules.ts";
import type { SpdxDocument } from "../unit/lib/sbom/spdx-rules.ts";

const namespace = useNamespace();

const DOCKERFILE = `FROM ${REGISTRY}/debian:bookworm
COPY app /app
COPY --from=${REGISTRY}/pause:1 / /pause-image
RUN dpkg --purge --force-all login && dpkg --remove --force-all passwd \\
  && rm -r /app/node_modules/gone \\
  && mkdir -p /opt/twice/node_modules && cp -r /app/node_modules/kept /opt/twice/node_modules/ \\
  && mkdir -p /var/lib/rpm && echo none > /var/lib/rpm/rpmdb.sqlite
RUN rm -r /opt/python && mkdir -p /opt/python/new-2.0.dist-info \\
  && printf 'Name: New_One\\nVersion: 2.0\\nLicense: Apache-2.0\\n' > /opt/python/new-2.0.dist-info/METADATA
RUN dpkg-query -W -f '\${Package}\\t\${Version}\\t\${Architecture}\\t\${db:Status-Status}\\n' > /list
`;

const FILES = {
  Dockerfile: DOCKERFILE.replace("COPY app /app", "COPY app /app\nCOPY python /opt/python"),
  "app/node_modules/kept/package.json": JSON.stringify({ name: "kept", version: "1.2.3", license: "MIT" }),
  "app/node_modules/@scope/own/package.json": JSON.stringify({
    name: "@scope/own",
    version: "0.1.0",
    license: "Our own",
  }),
  "app/node_modules/gone/package.json": JSON.stringify({ name: "gone", version: "9.9.9" }),
  "python/old-1.0.dist-info/METADATA": "Name: old\nVersion: 1.0\n",
};

interface Referrer {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As ORAS and cosign look for it: what refers to the image's digest, of the type and the predicate that are asked for. */
async function sbomOf(image: string, digest: string): Promise<SpdxDocument> {
  const { manifests } = JSON.parse(await readText(image, `manifests/${digest.replace(":", "-")}`)) as {
    manifests: Referrer[];
  };
  const [found, ...others] = manifests.filter(
    ({ annotations }) => annotations?.["in-toto.io/predicate-type"] === "https://spdx.dev/Document",
  );
  expect([others, found?.artifactType]).toEqual([[], "application/vnd.in-toto+json"]);
  const { subject, layers } = JSON.parse(await readText(image, `manifests/${found?.digest}`)) as {
    subject: { digest: string };
    layers: { digest: string; mediaType: string }[];
  };
  expect([subject.digest, layers[0]?.mediaType]).toEqual([digest, "application/vnd.in-toto+json"]);
  const content = await readText(image, `blobs/${layers[0]?.digest}`);
  expect(`sha256:${sha256(content)}`).toBe(layers[0]?.digest);
  const statement = JSON.parse(content) as { subject: object[]; predicateType: string; predicate: SpdxDocument };
  expect(statement).toMatchObject({
    subject: [{ name: `${image}:latest`, digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType: "https://spdx.dev/Document",
  });
  return statement.predicate;
}

const purls = ({ packages }: SpdxDocument): string[] =>
  packages.flatMap(({ externalRefs = [] }) => externalRefs.map(({ referenceLocator }) => referenceLocator));

test.each<[BuilderName, string[]]>([
  ["kaniko", ["--sbom=true", "--provenance=true"]],
  ["buildah", ["--attest=type=sbom"]],
])("%s: what dpkg says in the image, and what was copied and deleted", async (name, flags) => {
  const image = uniqueImage();
  const root = await project(FILES);
  const { flags: own, read } = testBuilder(name);
  const run = await mustBuild(namespace, [...own, ...flags, "-t", image, root]);
  expect(run.stderr).toMatch(/^=> sbom: \d+ packages, [\d.]+ MB read \([^)]+\)$/m);
  expect(run.stderr).toMatch(
    /^WARNING: the SBOM is not complete for \/var\/lib\/rpm\/rpmdb\.sqlite \(it is an RPM database, which slipway does not read\)$/m,
  );
  const { digest, files } = await read(image);
  const document = await sbomOf(image, digest);
  expect(faultsOf(document)).toEqual([]);

  const listed = (files.get("list")?.text ?? "").trim().split("\n");
  const installed = listed.flatMap((line) => {
    const [found = "", version = "", architecture = "", status = ""] = line.split("\t");
    return status === "installed" ? [`${found} ${version} ${architecture}`] : [];
  });
  expect(installed.length).toBeGreaterThan(50);
  expect(listed.some((line) => line.startsWith("passwd\t") && line.endsWith("config-files"))).toBe(true);
  const debs = document.packages.filter(({ SPDXID }) => SPDXID.startsWith("SPDXRef-Package-deb-"));
  const said = debs.map(({ name: found, versionInfo, externalRefs }) => {
    const [, architecture] = /[?&]arch=(\w+)/.exec(externalRefs?.[0]?.referenceLocator ?? "") ?? [];
    return `${found} ${versionInfo} ${architecture}`;
  });
  expect(said.toSorted()).toEqual(installed.toSorted());

  const others = document.packages.filter(({ SPDXID }) => /^SPDXRef-Package-(?:npm|pypi)-/.test(SPDXID));
  expect(others.map(({ name: found, versionInfo, comment }) => `${found} ${versionInfo}: ${comment}`)).toEqual([
    "@scope/own 0.1.0: found in /app/node_modules/@scope/own/package.json",
    "kept 1.2.3: found in /app/node_modules/kept/package.json, /opt/twice/node_modules/kept/package.json",
    "New_One 2.0: found in /opt/python/new-2.0.dist-info/METADATA",
  ]);
  const [ownWords, kept, python] = others.map(({ licenseDeclared }) => licenseDeclared);
  expect([kept, python]).toEqual(["MIT", "Apache-2.0"]);
  expect(document.hasExtractedLicensingInfos).toMatchObject([{ licenseId: ownWords, extractedText: "Our own" }]);

  expect(purls(document)).toContainEqual(expect.stringMatching(/^pkg:golang\/stdlib@1\.\d+/));
  expect(document.packages[1]).toMatchObject({ name: "debian", versionInfo: "12" });
  expect(document.files?.map(({ fileName }) => fileName)).toEqual(["./var/lib/rpm/rpmdb.sqlite"]);
});
