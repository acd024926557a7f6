import { describe, expect, it } from "vitest";
import { withCacheFlags } from "../../../../src/app/build/cache-flag.ts";
import { loadBuilder } from "../../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import type { BuilderName } from "../../../../src/plan/builder-names.ts";
import type { BuildRequest } from "../../../../src/plan/request.ts";

const REQUEST = {
  path: ".",
  builder: "kaniko",
  tags: ["r.io/team/app:1"],
  buildArgs: [],
  labels: [],
  noCache: false,
  helperImage: "busybox",
  transport: "auto",
  volumeSize: "1Gi",
  insecureRegistries: [],
  timeout: "1h",
  ttl: "1h",
} satisfies Partial<BuildRequest> as unknown as BuildRequest;

/** The cache flags: [--cache-from, --cache-to]. */
async function flags(name: BuilderName, request: Partial<BuildRequest>) {
  const { docker } = withCacheFlags({ ...REQUEST, ...request }, await loadBuilder(name));
  return [docker?.["cache-from"], docker?.["cache-to"]];
}

describe("--cache", () => {
  it.each<[BuilderName, string, string]>([
    ["kaniko", "type=registry,ref=r.io/team/app/cache", "type=registry,ref=r.io/team/app/cache"],
    ["buildah", "type=registry,ref=r.io/team/app/cache", "type=registry,ref=r.io/team/app/cache"],
    ["buildkit", "type=registry,ref=r.io/team/app:buildcache", "type=registry,ref=r.io/team/app:buildcache,mode=max"],
    ["img", "type=registry,ref=r.io/team/app:buildcache", "type=registry,ref=r.io/team/app:buildcache,mode=max"],
  ])("keeps layers beside the image with %s", async (name, from, to) => {
    expect(await flags(name, { cache: "true" })).toEqual([[from], [to]]);
  });

  it("keeps them where its value says, in the form that the builder needs", async () => {
    expect((await flags("kaniko", { cache: "r.io/caches/app" }))[0]).toEqual(["type=registry,ref=r.io/caches/app"]);
    expect((await flags("kaniko", { cache: "r.io/caches/app:x" }))[0]).toEqual(["type=registry,ref=r.io/caches/app"]);
    expect((await flags("buildkit", { cache: "r.io:5000/app" }))[0]).toEqual([
      "type=registry,ref=r.io:5000/app:buildcache",
    ]);
    expect((await flags("buildkit", { cache: "r.io/app:kept" }))[0]).toEqual(["type=registry,ref=r.io/app:kept"]);
  });

  it("completes the image's name with the configured registry", async () => {
    const request = { cache: "true", tags: ["app"], registry: "r.io/team" };
    expect((await flags("kaniko", request))[0]).toEqual(["type=registry,ref=r.io/team/app/cache"]);
  });

  it("leaves a given --cache-from or --cache-to as it is", async () => {
    const docker = { "cache-from": ["r.io/other"] };
    expect(await flags("kaniko", { cache: "true", docker })).toEqual([
      ["r.io/other"],
      ["type=registry,ref=r.io/team/app/cache"],
    ]);
  });

  it("does nothing if it is absent or false", async () => {
    for (const name of BUILDER_NAMES) {
      expect(await flags(name, {})).toEqual([undefined, undefined]);
      expect(await flags(name, { cache: "false" })).toEqual([undefined, undefined]);
    }
  });

  it("is refused without an image, for a value that is not a reference, and for a builder without such a cache", async () => {
    await expect(flags("kaniko", { cache: "true", tags: [] })).rejects.toThrow("no image is named");
    await expect(flags("kaniko", { cache: "NO REF" })).rejects.toThrow(/value of --cache/);
    await expect(flags("makisu", { cache: "true" })).rejects.toThrow("makisu cannot do --cache");
  });
});
