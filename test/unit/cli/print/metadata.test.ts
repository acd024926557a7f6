import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { metadataOf, writeAnswer, writeMetadata } from "../../../../src/cli/print/metadata.ts";

const RESULT = {
  name: "slipway-app-x",
  builder: "kaniko",
  digest: "sha256:aa",
  configDigest: "sha256:bb",
  descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 7 },
  references: ["r.io/a:1", "r.io/b:2"],
};

it("the file is as buildx writes it: sorted keys, two spaces, no line feed, no file beside it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-metadata-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  writeMetadata(join(directory, "m.json"), RESULT);
  expect(await readFile(join(directory, "m.json"), "utf8")).toBe(`{
  "buildx.build.ref": "kaniko/kaniko0/slipway-app-x",
  "containerimage.config.digest": "sha256:bb",
  "containerimage.descriptor": {
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": "sha256:aa",
    "size": 7
  },
  "containerimage.digest": "sha256:aa",
  "image.name": "r.io/a:1,r.io/b:2"
}`);
  expect(await readdir(directory)).toEqual(["m.json"]);
});

it("the metadata has provenance first, the platform and the names as typed, and nothing about an image if there is none", () => {
  const platform = { architecture: "amd64", os: "linux" };
  const result = { ...RESULT, descriptor: { ...RESULT.descriptor, platform }, names: ["r.io/a", "r.io/b:2"] };
  expect(Object.entries(metadataOf(result, { "buildx.build.provenance": { builder: { id: "x" } } }))).toEqual([
    ["buildx.build.provenance", { builder: { id: "x" } }],
    ["buildx.build.ref", "kaniko/kaniko0/slipway-app-x"],
    ["containerimage.config.digest", "sha256:bb"],
    ["containerimage.descriptor", { mediaType: RESULT.descriptor.mediaType, digest: "sha256:aa", size: 7, platform }],
    ["containerimage.digest", "sha256:aa"],
    ["image.name", "r.io/a,r.io/b:2"],
  ]);
  expect(metadataOf({ ...RESULT, imageless: true })).toEqual({ "buildx.build.ref": "kaniko/kaniko0/slipway-app-x" });
});

it("the error after a build says that the image was built", () => {
  expect(() => writeMetadata("/nowhere/m.json", RESULT)).toThrow(
    /^the image was built, but --metadata-file \/nowhere\/m\.json cannot be written: /,
  );
});

it("the error after --check does not say that an image was built", () => {
  expect(() => writeAnswer("/nowhere/m.json", {})).toThrow(/^--metadata-file \/nowhere\/m\.json cannot be written: /);
});
