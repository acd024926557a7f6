import { expect, test } from "vitest";
import { NODE_PACKAGES } from "../../../scripts/release/node-packages.ts";
import { releaseSbom } from "../../../scripts/release/sbom.ts";

const released = { version: "1.2.3", epoch: "1700000000", commit: "0123456789" };
const bundled = [
  { name: "ws", version: "8.1.0", licence: "MIT" },
  { name: "@oclif/core", version: "5.0.0", licence: "MIT" },
];

interface Document {
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly {
    readonly SPDXID: string;
    readonly name: string;
    readonly checksums?: readonly { readonly checksumValue: string }[];
    readonly externalRefs: readonly { readonly referenceLocator: string }[];
  }[];
  readonly relationships: readonly { readonly relatedSpdxElement: string }[];
}

test("the SBOM of a release names the program, every bundled package and the Node of each platform", () => {
  const { packages, relationships, creationInfo } = JSON.parse(releaseSbom(released, bundled)) as Document;
  expect(packages.map(({ name }) => name)).toEqual([
    "slipway",
    "@oclif/core",
    "ws",
    ...Object.values(NODE_PACKAGES).map(({ name }) => name),
  ]);
  expect(packages[1]?.externalRefs[0]?.referenceLocator).toBe("pkg:npm/%40oclif/core@5.0.0");
  expect(creationInfo.created).toBe("2023-11-14T22:13:20Z");
  expect(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)).toEqual(
    packages.map(({ SPDXID }) => SPDXID),
  );
  expect(new Set(packages.map(({ SPDXID }) => SPDXID)).size).toBe(packages.length);
  for (const { SPDXID } of packages) expect(SPDXID).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
  expect(packages.at(-1)?.checksums?.[0]?.checksumValue).toMatch(/^[0-9a-f]{128}$/);
});

test("the order in which the bundler lists packages does not change the SBOM", () => {
  expect(releaseSbom(released, bundled.toReversed())).toBe(releaseSbom(released, bundled));
});
