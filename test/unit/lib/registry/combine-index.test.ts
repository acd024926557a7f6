import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { combineIndex, filterPlatforms, manifestsIn } from "../../../../src/lib/registry/combine-index.ts";
import type { IndexDescriptor, IndexSource } from "../../../../src/lib/registry/combine-index.ts";
import { DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../../../src/lib/registry/media-types.ts";

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

function image(name: string, architecture: string, mediaType = OCI_MANIFEST): IndexSource<string> {
  const text = JSON.stringify({ schemaVersion: 2, mediaType, name });
  const platform = { architecture, os: "linux" };
  return { descriptor: { mediaType, digest: digestOf(text), size: text.length, platform }, text, origin: name };
}

function index(name: string, manifests: readonly IndexDescriptor[], mediaType = OCI_INDEX): IndexSource<string> {
  const text = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  return { descriptor: { mediaType, digest: digestOf(text), size: text.length }, text, origin: name };
}

const attestationOf = (subject: string): IndexDescriptor => ({
  mediaType: OCI_MANIFEST,
  digest: digestOf(`attestation of ${subject}`),
  size: 10,
  annotations: { "vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest" },
  platform: { architecture: "unknown", os: "unknown" },
});

const amd64 = image("a", "amd64");
const arm64 = image("b", "arm64");

describe("of several sources", () => {
  test("images become an index in their order, and its digest is that of its bytes", () => {
    const { text, descriptor, children } = combineIndex([arm64, amd64], [], true);
    expect(JSON.parse(text)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [arm64.descriptor, amd64.descriptor],
    });
    expect(descriptor).toEqual({ mediaType: OCI_INDEX, digest: digestOf(text), size: Buffer.byteLength(text) });
    expect(children.map(({ origin }) => origin)).toEqual(["b", "a"]);
  });

  test("indexes are taken apart, attestations included, and the same image is listed once", () => {
    const attested = attestationOf(amd64.descriptor.digest);
    const whole = index("i", [amd64.descriptor, attested]);
    const { text } = combineIndex([whole, arm64, amd64], [], true);
    expect(manifestsIn(text).map(({ digest }) => digest)).toEqual(
      [amd64.descriptor, attested, arm64.descriptor].map(({ digest }) => digest),
    );
  });

  test("Docker's format stays Docker's, and a mixture is OCI's", () => {
    const docker = image("d", "amd64", DOCKER_MANIFEST);
    expect(combineIndex([docker, image("e", "arm64", DOCKER_MANIFEST)], [], true).descriptor.mediaType).toBe(
      DOCKER_INDEX,
    );
    expect(combineIndex([docker, arm64], [], true).descriptor.mediaType).toBe(OCI_INDEX);
  });
});

describe("of one source", () => {
  test.each([
    ["an index stays byte for byte", index("i", [amd64.descriptor]), true, OCI_INDEX],
    ["an image stays without preferIndex", amd64, false, OCI_MANIFEST],
  ] as const)("%s", (_, source, preferIndex, mediaType) => {
    const combined = combineIndex([source], [], preferIndex);
    expect(combined.text).toBe(source.text);
    expect(combined.descriptor.mediaType).toBe(mediaType);
  });

  test("an image becomes an index with preferIndex", () => {
    expect(manifestsIn(combineIndex([amd64], [], true).text)).toEqual([amd64.descriptor]);
  });
});

test("annotations go to the index, to every descriptor, or to one platform's", () => {
  const { text } = combineIndex(
    [amd64, arm64],
    [
      { on: "index", key: "title", value: "<a & b>" },
      { on: "manifest-descriptor", key: "z", value: "all" },
      { on: "manifest-descriptor", platform: "linux/arm64", key: "a", value: "arm" },
    ],
    true,
  );
  // As Go writes it.
  expect(text).toContain(String.raw`"title": "\u003ca \u0026 b\u003e"`);
  const parsed = JSON.parse(text) as { annotations: unknown };
  expect(parsed.annotations).toEqual({ title: "<a & b>" });
  expect(manifestsIn(text).map(({ annotations }) => annotations)).toEqual([{ z: "all" }, { a: "arm", z: "all" }]);
});

describe("with --platform", () => {
  const attested = attestationOf(amd64.descriptor.digest);
  const whole = index("i", [amd64.descriptor, arm64.descriptor, attested]);

  test("other images go, with their attestations", () => {
    const only = (platform: string): string[] =>
      manifestsIn(filterPlatforms(combineIndex([whole], [], true), [platform], new Map()).text).map(
        ({ digest }) => digest,
      );
    expect(only("linux/amd64")).toEqual([amd64.descriptor.digest, attested.digest]);
    expect(only("linux/arm64")).toEqual([arm64.descriptor.digest]);
  });

  test("nothing left is an error that names what there is", () => {
    expect(() => filterPlatforms(combineIndex([whole], [], true), ["linux/s390x"], new Map())).toThrow(
      "none of the manifests match the provided platforms",
    );
    expect(() => filterPlatforms(combineIndex([amd64], [], false), ["linux/arm64"], new Map())).toThrow(
      "input platform linux/amd64 does not match any of the provided platforms",
    );
  });
});

test("an attestation that only hangs on an image is listed", () => {
  const hanging = { mediaType: OCI_MANIFEST, digest: digestOf("hanging"), size: 7, artifactType: "a/b" };
  const combined = combineIndex([amd64, arm64], [], true);
  const { text, children } = filterPlatforms(combined, [], new Map([[arm64.descriptor.digest, hanging]]));
  expect(manifestsIn(text).at(-1)).toEqual({
    mediaType: OCI_MANIFEST,
    digest: hanging.digest,
    size: 7,
    annotations: {
      "vnd.docker.reference.digest": arm64.descriptor.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
    platform: { architecture: "unknown", os: "unknown" },
  });
  expect(children.at(-1)?.origin).toBe("b");
});
