import { describe, expect, it } from "vitest";
import { kindOf } from "../../../../src/lib/sbom/catalogue.ts";
import type { Contents, FoundPackage } from "../../../../src/lib/sbom/contents.ts";
import { licenceExpression } from "../../../../src/lib/sbom/licence.ts";
import { imageUrl, packageUrl } from "../../../../src/lib/sbom/package-url.ts";
import type { FoundFile } from "../../../../src/lib/sbom/read-layer.ts";
import { spdxDocument } from "../../../../src/lib/sbom/spdx.ts";
import { faultsOf } from "./spdx-rules.ts";
import type { SpdxDocument } from "./spdx-rules.ts";

const DIGEST = `sha256:${"b".repeat(64)}`;
const FACTS = {
  references: [{ name: "r.io:5000/team/App", tag: "1.0" }],
  digest: DIGEST,
  build: "slipway-app-bcdfghjk",
  version: "0.1.0",
  created: new Date("2026-01-02T03:04:05.678Z"),
};

function documentOf(files: Readonly<Record<string, Partial<Contents> & { sha1?: string }>>): SpdxDocument {
  const kind = kindOf("var/lib/dpkg/status", false);
  if (kind === undefined) throw new Error("there is no such kind");
  const list = Object.entries(files).map(([path, contents]): [string, FoundFile] => [
    path,
    { kind, packages: [], sha1: "a".repeat(40), sha256: "a".repeat(64), ...contents },
  ]);
  return spdxDocument({ files: list }, FACTS).document as SpdxDocument;
}

const deb = (name: string, more: Partial<FoundPackage> = {}): FoundPackage => ({
  type: "deb",
  name,
  version: "1",
  ...more,
});

describe("a document", () => {
  it("lists the image, its system and its packages, each once, with all their places", () => {
    const document = documentOf({
      "/etc/os-release": { system: { id: "debian", version: "12" } },
      "/usr/lib/os-release": { system: { id: "other" } },
      "/var/lib/dpkg/status": { packages: [deb("b", { source: { name: "src", version: "0.9" } }), deb("a")] },
      "/x/node_modules/l/package.json": {
        packages: [{ type: "npm", name: "l", version: "1", licence: "mit or Apache-2.0" }],
      },
      "/y/node_modules/l/package.json": { packages: [{ type: "npm", name: "l", version: "1", licence: "MIT" }] },
    });
    expect(faultsOf(document)).toEqual([]);
    const [image, system, ...packages] = document.packages;
    expect(image).toMatchObject({
      SPDXID: "SPDXRef-Image",
      name: "r.io:5000/team/App",
      versionInfo: DIGEST,
      primaryPackagePurpose: "CONTAINER",
      externalRefs: [{ referenceLocator: `pkg:oci/app@${DIGEST}?repository_url=r.io:5000%2Fteam%2FApp&tag=1.0` }],
    });
    expect(system).toMatchObject({ name: "debian", versionInfo: "12", comment: "found in /etc/os-release" });
    expect(
      packages.map(({ name, comment, licenseDeclared, sourceInfo }) => [name, comment, licenseDeclared, sourceInfo]),
    ).toEqual([
      ["a", "found in /var/lib/dpkg/status", "NOASSERTION", undefined],
      ["b", "found in /var/lib/dpkg/status", "NOASSERTION", "built package from: src 0.9"],
      ["l", "found in /x/node_modules/l/package.json, /y/node_modules/l/package.json", "MIT OR Apache-2.0", undefined],
    ]);
    expect(document.creationInfo).toMatchObject({ created: "2026-01-02T03:04:05Z", creators: ["Tool: slipway-0.1.0"] });
    expect(document.relationships).toHaveLength(5);
  });

  it("names what was not read, as a file", () => {
    const document = documentOf({
      "/var/lib/rpm/rpmdb.sqlite": { unread: "it is an RPM database, which slipway does not read" },
      "/app/a\u001b[31m\n/package.json": { unread: "it is not JSON" },
    });
    expect(faultsOf(document)).toEqual([]);
    expect(document.files?.map(({ fileName, comment }) => [fileName, comment])).toEqual([
      [
        "./var/lib/rpm/rpmdb.sqlite",
        "The packages of this file are missing from the list, all or some of them: it is an RPM database, which slipway does not read.",
      ],
      [
        "./app/a\u001b[31m\n/package.json",
        "The packages of this file are missing from the list, all or some of them: it is not JSON.",
      ],
    ]);
  });

  it("names hard links that could not be followed in words, as they have no checksum", () => {
    const [kind] = [kindOf("var/lib/dpkg/status", false)];
    if (kind === undefined) throw new Error("there is no such kind");
    const files: [string, FoundFile][] = [["/x", { kind, packages: [], unread: "it is a hard link" }]];
    const document = spdxDocument({ files }, FACTS).document as SpdxDocument;
    expect(faultsOf(document)).toEqual([]);
    expect(document.files).toBeUndefined();
    expect(document.creationInfo.comment).toMatch(/ Hard links to files of other layers are not read: \/x\.$/);
  });

  it("an empty document is valid", () => {
    const { document, count } = spdxDocument({ files: [] }, FACTS);
    expect(faultsOf(document as SpdxDocument)).toEqual([]);
    expect(count).toBe(0);
  });

  it("a document with unusual names is valid", () => {
    const names = [
      "SPDXRef-Image",
      "../../x",
      'a"b',
      "a b",
      "é/ü",
      "x?y=z#w@1",
      "%41",
      "a&b",
      "(c)",
      "*",
      "constructor",
      "y".repeat(512),
    ];
    const document = documentOf({
      "/f": {
        packages: names.flatMap((name): FoundPackage[] => [
          { type: "npm", name, version: "1+2:3~4 (5)", licence: name },
          { type: "golang", name },
          deb(name, { architecture: name, source: { name, version: name } }),
        ]),
        system: { id: "A/b c", version: "1&2" },
      },
    });
    expect(faultsOf(document)).toEqual([]);
    expect(document.packages).toHaveLength(2 + 3 * names.length);
    const licences = document.hasExtractedLicensingInfos?.map(({ extractedText }) => extractedText);
    expect(licences?.toSorted()).toEqual(names.toSorted());
  });

  it("counts the places of a package that is everywhere", () => {
    const files = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [
        `/${at}`,
        { packages: [{ type: "npm", name: "l", version: "1" } as const] },
      ]),
    );
    expect(documentOf(files).packages[1]?.comment).toBe("found in /0, /1, /2, /3, /4 and 995 more");
  });
});

describe("a package URL", () => {
  const debian = { id: "debian", version: "12" };

  // Those with a colon and a plus sign are as purl-spec's types/deb-definition.json has its examples.
  it.each<[FoundPackage, { id: string; version?: string } | undefined, string]>([
    [
      deb("attr", { version: "1:2.4.47-2+b1", architecture: "amd64" }),
      { id: "debian" },
      "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
    ],
    [
      deb("Curl", { version: "7.50.3-1", architecture: "i386" }),
      debian,
      "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=debian-12",
    ],
    [
      deb("libc6", { source: { name: "glibc", version: "1" } }),
      { id: "Ubuntu", version: "24.04" },
      "pkg:deb/ubuntu/libc6@1?distro=Ubuntu-24.04&upstream=glibc",
    ],
    [
      deb("bash", { version: "5.2-2+b13", source: { name: "bash", version: "5.2-2" } }),
      undefined,
      "pkg:deb/debian/bash@5.2-2%2Bb13?upstream=bash%405.2-2",
    ],
    [
      { type: "apk", name: "libstdc++", version: "13.2.1-r0", architecture: "x86_64" },
      { id: "alpine", version: "3.20.1" },
      "pkg:apk/alpine/libstdc%2B%2B@13.2.1-r0?arch=x86_64&distro=alpine-3.20.1",
    ],
    [{ type: "npm", name: "@angular/animation", version: "12.3.1" }, debian, "pkg:npm/%40angular/animation@12.3.1"],
    [{ type: "npm", name: "JSONStream", version: "1.3.5" }, undefined, "pkg:npm/JSONStream@1.3.5"],
    [{ type: "pypi", name: "Flask_Login", version: "0.6.3" }, undefined, "pkg:pypi/flask-login@0.6.3"],
    [
      { type: "golang", name: "github.com/BurntSushi/toml", version: "v1.2.0+incompatible" },
      undefined,
      "pkg:golang/github.com/burntsushi/toml@v1.2.0%2Bincompatible",
    ],
    [{ type: "golang", name: "stdlib", version: "1.26.1" }, undefined, "pkg:golang/stdlib@1.26.1"],
  ])("%j", (found, system, url) => {
    expect(packageUrl(found, system)).toBe(url);
  });

  it("the package URL of an image has its digest and repository", () => {
    expect(imageUrl("docker.io/library/debian", DIGEST, undefined)).toBe(
      `pkg:oci/debian@${DIGEST}?repository_url=docker.io%2Flibrary%2Fdebian`,
    );
  });
});

describe("a licence", () => {
  it.each<[string, string | undefined]>([
    ["MIT", "MIT"],
    ["apache-2.0", "Apache-2.0"],
    ["GPL-2.0-only AND MIT", "GPL-2.0-only AND MIT"],
    ["(mit OR (BSD-3-Clause and ISC))", "(MIT OR (BSD-3-Clause AND ISC))"],
    ["GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"],
    ["LGPL-2.1+", "LGPL-2.1+"],
    ["GPL-2.0", "GPL-2.0"],
    ["MIT BSD", undefined],
    ["MIT OR", undefined],
    ["OR MIT", undefined],
    ["(MIT", undefined],
    ["MIT)", undefined],
    ["()", undefined],
    ["MIT WITH MIT", undefined],
    ["(MIT) WITH Classpath-exception-2.0", undefined],
    ["Classpath-exception-2.0", undefined],
    ["SEE LICENSE IN LICENSE", undefined],
    ["custom", undefined],
    ["constructor", undefined],
    ["AND", undefined],
    ["", undefined],
  ])("%j", (words, expression) => {
    expect(licenceExpression(words)).toBe(expression);
  });
});
