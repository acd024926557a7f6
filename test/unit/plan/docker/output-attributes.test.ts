import { describe, expect, it } from "vitest";
import { outputArguments } from "../../../../src/builders/buildkit/arguments.ts";
import { capabilityNeeds } from "../../../../src/plan/docker/capability-needs.ts";
import { noticesOf, readDockerOptions } from "../../../../src/plan/docker/read-options.ts";
import type { DockerOptions } from "../../../../src/plan/docker/options.ts";
import { PLAN } from "../sample.ts";

const optionsOf = (...output: string[]): DockerOptions => readDockerOptions({ output }, {}).options;
const needsOf = (...output: string[]): string[] =>
  capabilityNeeds(optionsOf(...output)).map(({ flag, capability }) => `${capability}: ${flag}`);

describe("each attribute of an image", () => {
  it.each<[string, Record<string, string>]>([
    ["compression=zstd,compression-level=22", { compression: "zstd", "compression-level": "22" }],
    ["compression=gzip", { compression: "gzip" }],
    ["compression-level=9", { "compression-level": "9" }],
    ["compression=estargz,force-compression=true", { compression: "estargz", "force-compression": "true" }],
    ["compression=uncompressed", { compression: "uncompressed" }],
    ["oci-mediatypes=false", { "oci-mediatypes": "false" }],
    ["oci-artifact=1,attestation-inline=true", { "oci-artifact": "true", "attestation-inline": "true" }],
    ["rewrite-timestamp=", { "rewrite-timestamp": "true" }],
    ["prefer-nondist-layers=true", { "prefer-nondist-layers": "true" }],
  ])("%s is read, for the image and for an archive", (text, attributes) => {
    expect(optionsOf(`type=registry,name=a/b,${text}`).imageAttributes).toEqual(attributes);
    const [archive] = optionsOf(`type=oci,dest=x,${text}`).exports ?? [];
    expect(archive).toEqual({ kind: "archive", format: "oci", dest: "x", directory: false, attributes });
    const [loaded] = optionsOf(`type=docker,${text}`).exports ?? [];
    expect(loaded).toMatchObject({ engine: { store: "engine" }, attributes });
  });

  it.each(["force-compression=false", "rewrite-timestamp=0", "name-canonical=true", "unpack=true", "store=false"])(
    "%s asks for nothing, and nothing is said",
    (text) => {
      expect(optionsOf(`type=image,push=true,${text}`).imageAttributes).toBeUndefined();
      expect(noticesOf({ output: [`type=image,push=true,${text}`] })).toEqual([]);
    },
  );

  it("annotation.KEY is an annotation, also with a type and a platform", () => {
    expect(optionsOf("type=image,push=true,annotation.a=b,annotation-manifest.c=d=e").annotations).toEqual([
      ["a", "b"],
      ["c", "d=e"],
    ]);
    const { options } = readDockerOptions(
      {
        output: ["type=image,annotation-index.a=b,annotation-manifest[linux/arm64].c=d"],
        platform: ["linux/amd64,linux/arm64"],
      },
      {},
    );
    expect(options.indexAnnotations).toEqual([
      { on: "index", key: "a", value: "b" },
      { on: "manifest", platform: "linux/arm64", key: "c", value: "d" },
    ]);
  });
});

it.each<[string[], string[]]>([
  [["type=image,push=true,compression=gzip,oci-mediatypes=false"], []],
  [["type=image,push=true,compression-level=1"], ["compression-level: --output compression-level=1"]],
  [
    ["type=registry,compression=zstd,compression-level=3"],
    ["image-attributes: --output compression=zstd,compression-level=3"],
  ],
  [["type=registry,push-by-digest=true"], ["push-by-digest: --output push-by-digest=true"]],
  // It is not pushed.
  [["type=image,push-by-digest=true"], []],
  [
    ["type=oci,dest=x,compression-level=1"],
    ["image-attributes: --output compression-level=1", "output-oci: --output type=oci"],
  ],
  [["type=docker,compression=gzip"], ["output-docker: --load"]],
])("%j needs %j", (outputs, needs) => {
  expect(needsOf(...outputs)).toEqual(needs);
});

it.each<[string, string]>([
  ["type=image,compression=lz4", 'there is no compression "lz4"'],
  ["type=image,compression-level=10", "compression-level=10 is not a level of gzip"],
  ["type=image,compression=zstd,compression-level=23", "compression-level=23 is not a level of zstd"],
  ["type=image,compression=uncompressed,compression-level=1", "compression-level=1 is not a level of uncompressed"],
  ["type=image,compression-level=fast", "compression-level=fast is not a level of gzip"],
  ["type=oci,dest=x,force-compression=maybe", "force-compression=maybe is neither true nor false"],
  ["type=image,compression=zstd,oci-mediatypes=false", "compression=zstd needs OCI's media types"],
  ["type=image,oci-artifact=true,oci-mediatypes=false", "oci-artifact=true needs OCI's media types"],
  ["type=image,push=yes", "push=yes is neither true nor false"],
  ["type=registry,registry.insecure=true", "does not say for which registry"],
])("%s is refused", (text, message) => {
  expect(() => optionsOf(text)).toThrow(message);
});

it("two outputs of one kind are written in one way", () => {
  expect(() => optionsOf("type=oci,dest=a", "type=oci,dest=b,compression=zstd")).toThrow("in another way");
  expect(() => optionsOf("type=image,name=a,push=true", "type=registry,name=b,compression=zstd")).toThrow(
    "in another way",
  );
  expect(optionsOf("type=oci,dest=a,compression=zstd", "type=docker,dest=b").exports).toHaveLength(2);
});

it("what nothing is done with is said", () => {
  expect(
    noticesOf({ output: ["type=image,push=true,nonsense=1", "type=local,dest=x,platform-split=false", "y"] }),
  ).toEqual(["--output type=image: nonsense=1 is ignored", "--output type=local: platform-split=false is ignored"]);
});

it("BuildKit in its own pod gets them, with OCI's media types where docker's have no name for the layer", () => {
  const exports = [
    { kind: "archive", format: "docker", dest: "x", directory: false, attributes: { compression: "zstd" } },
  ] as const;
  const [image = "", archive = ""] = outputArguments({ ...PLAN, imageAttributes: { compression: "estargz" }, exports });
  expect(image).toContain(",push=true,oci-mediatypes=true,compression=estargz");
  expect(archive).toMatch(/,oci-mediatypes=true,compression=zstd$/);
});

it("push= is true, as in BuildKit", () => {
  expect(readDockerOptions({ output: ["type=image,name=a,push="] }, {}).push).toBe(true);
});

it("an annotation is of the image in all outputs, and the flag's counts", () => {
  expect(() => optionsOf("type=registry,annotation.a=b", "type=oci,dest=x")).toThrow("has other annotations");
  const both = ["type=registry,annotation.a=b,annotation.c=d", "type=oci,dest=x,annotation.c=d,annotation.a=b"];
  expect(optionsOf(...both).annotations).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  const { options } = readDockerOptions({ output: ["type=registry,annotation.a=b"], annotation: ["a=2"] }, {});
  expect(options.annotations?.at(-1)).toEqual(["a", "2"]);
});

it("an attribute of another type is named", () => {
  expect(noticesOf({ output: ["type=oci,dest=x,push-by-digest=true,push=true", "type=registry,tar=false"] })).toEqual([
    "--output type=oci: push-by-digest=true is ignored",
    "--output type=oci: push=true is ignored",
    "--output type=registry: tar=false is ignored",
  ]);
});

it.each<[string, DockerOptions, RegExp]>([
  ["docker's media types, and gzip for each layer", {}, /,oci-mediatypes=false,force-compression=true$/],
  [
    "the same with a level",
    { imageAttributes: { "compression-level": "9" } },
    /=false,force-compression=true,compression-level=9$/,
  ],
  [
    "OCI's for layers that are not gzip",
    { imageAttributes: { compression: "uncompressed" } },
    /,oci-mediatypes=true,compression=uncompressed$/,
  ],
  ["what is asked for", { imageAttributes: { "oci-mediatypes": "true" } }, /,push=true,oci-mediatypes=true$/],
  ["OCI's for annotations", { annotations: [["a", "b"]] }, /,push=true,annotation\.a=b$/],
])("an image of BuildKit's has %s", (_, options, ending) => {
  expect(outputArguments({ ...PLAN, ...options })[0]).toMatch(ending);
});
