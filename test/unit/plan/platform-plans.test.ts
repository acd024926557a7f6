import { describe, expect, it } from "vitest";
import { fitsOnePod, platformPlans } from "../../../src/plan/platform-plans.ts";
import type { BuildRequest } from "../../../src/plan/request.ts";
import { planOf } from "./sample.ts";

const BOTH = ["linux/amd64,linux/arm64"];

function plans(request: Partial<BuildRequest> = {}, byDigest = false) {
  return platformPlans(planOf({ docker: { platform: BOTH }, ...request }), byDigest);
}

describe("the builds of several platforms", () => {
  it("have one platform each, in the order of the command line, and names of their own", () => {
    const plan = planOf({ docker: { platform: ["linux/arm/v7", "arm64,linux/amd64/v2"] } });
    const children = platformPlans(plan, true);
    expect(children.map(({ text }) => text)).toEqual(["linux/arm/v7", "linux/arm64", "linux/amd64/v2"]);
    expect(children.map((child) => child.plan.name)).toEqual(
      ["arm-v7", "arm64", "amd64-v2"].map((suffix) => `${plan.name}-${suffix}`),
    );
    for (const child of children) {
      expect(child.plan.platforms).toBeUndefined();
      expect(child.plan.platform).toEqual(child.platform);
    }
  });

  it("are joined under a tag, so they cannot be pushed without one", () => {
    const output = ["type=image,push-by-digest=true,push=true"];
    expect(() => plans({ tags: ["r.io/a"], docker: { platform: BOTH, output } }, true)).toThrow(
      "push-by-digest=true cannot go with several platforms",
    );
  });

  it("have names that a pod can have, with the longest image name and platform", () => {
    const tags = [`registry.example.com/${"x".repeat(100)}:1`];
    const [child] = plans({ tags, docker: { platform: ["linux/mips64le", "linux/amd64/v3"] } });
    // The Job's controller adds six characters.
    expect((child?.plan.name.length ?? 0) + 6).toBeLessThanOrEqual(63);
  });

  it("push one temporary tag to each repository, and none of the user's", () => {
    const tags = ["r.example/team/app:1.0", "r.example/team/app:latest", "other.example/app"];
    const plan = planOf({ tags, docker: { platform: BOTH } });
    const id = plan.name.slice(-8);
    const arm = platformPlans(plan, false)[1];
    expect(arm?.plan.tags.map(String)).toEqual([
      `r.example/team/app:1.0-slipway-${id}-linux-arm64`,
      `other.example/app:latest-slipway-${id}-linux-arm64`,
    ]);
    expect(arm?.temporary).toEqual(arm?.plan.tags);
  });

  it("push a temporary tag of at most 128 characters", () => {
    const [child] = plans({ tags: [`r.example/app:${"v".repeat(128)}`] });
    expect(child?.plan.tags[0]?.tag).toHaveLength(128);
    expect(child?.plan.tags[0]?.tag).toMatch(/-linux-amd64$/);
  });

  it("push no tag with a builder that can push by digest", () => {
    const children = plans({ tags: ["r.example/team/app:1.0", "r.example/team/app:2.0"] }, true);
    for (const { plan, temporary } of children) {
      expect(plan.tags.map(String)).toEqual(["r.example/team/app"]);
      expect([plan.byDigest, temporary]).toEqual([true, []]);
    }
  });

  it("push nothing if the whole build does not", () => {
    const children = plans({ tags: [] });
    expect(children.map(({ plan, temporary }) => [plan.tags, temporary])).toEqual([
      [[], []],
      [[], []],
    ]);
  });

  it("share no volume: two nodes cannot mount most volumes", () => {
    const children = plans({ cacheVolume: "state", transport: "cache" });
    expect(children.map(({ plan }) => plan.cacheVolume)).toEqual(["state-amd64", "state-arm64"]);
    expect(new Set(children.map(({ plan }) => plan.cacheName)).size).toBe(2);
  });

  it("keep their caches under tags of their own, and read the one of a build for one platform too", () => {
    const ref = "type=registry,ref=r.example/app:cache";
    const [child] = plans({ docker: { platform: BOTH, "cache-to": [ref], "cache-from": [ref] } });
    expect(child?.plan.cacheTo?.map(({ attributes }) => attributes["ref"])).toEqual(["r.example/app:cache-amd64"]);
    expect(child?.plan.cacheFrom?.map(({ attributes }) => attributes["ref"])).toEqual([
      "r.example/app:cache-amd64",
      "r.example/app:cache",
    ]);
  });

  it("share a repository of layers", () => {
    const ref = "type=registry,ref=r.example:5000/app/cache";
    const [child] = plans({ docker: { platform: BOTH, "cache-to": [ref] } });
    expect(child?.plan.cacheTo?.[0]?.attributes["ref"]).toBe("r.example:5000/app/cache");
  });

  it("have the annotations of their own manifest only", () => {
    const annotation = [
      "all=1",
      "manifest[linux/arm64]:arm=1",
      "manifest[linux/amd64]:amd=1",
      "index:index=1",
      "manifest-descriptor:descriptor=1",
    ];
    const [amd, arm] = plans({ docker: { platform: BOTH, annotation } }, true);
    expect(amd?.plan.annotations?.map(([key]) => key)).toEqual(["all", "amd"]);
    expect(arm?.plan.annotations?.map(([key]) => key)).toEqual(["all", "arm"]);
    expect(amd?.plan.indexAnnotations).toBeUndefined();
  });

  it("have manifests of OCI's type if the index is annotated: a list of Docker's type has no annotations", () => {
    const [amd] = plans({ docker: { platform: BOTH, annotation: ["index:a=b"] } }, true);
    expect([amd?.plan.annotations, amd?.plan.ociMediaTypes]).toEqual([undefined, true]);
  });

  it("are not signed: the index is", () => {
    expect(plans({ sign: true }).map(({ plan }) => plan.sign)).toEqual([undefined, undefined]);
  });

  it("write files into a directory for each platform", () => {
    const children = plans({ docker: { platform: BOTH, output: ["type=local,dest=out"] } });
    expect(children.map(({ plan }) => plan.exports?.[0]?.dest)).toEqual(["out/linux_amd64", "out/linux_arm64"]);
  });

  it.each([
    [{ docker: { platform: BOTH, output: ["type=tar,dest=out.tar"] } }, /several pods, and cannot be one archive/],
    [{ pod: { nodeSelector: ["kubernetes.io/arch=amd64"] } }, /--platform needs a node of arm64/],
  ] as const)("are refused if one of them cannot be as the flags say: %j", (request, message) => {
    expect(() => plans(request as Partial<BuildRequest>)).toThrow(message);
  });
});

describe("one pod builds all platforms", () => {
  const fits = (text: string, request: Partial<BuildRequest> = {}): boolean =>
    fitsOnePod(planOf({ docker: { platform: BOTH }, ...request }, { dockerfile: { path: "Dockerfile", text } }));

  it.each([
    ["no RUN at all", "FROM a\nCOPY . .\n"],
    [
      "RUN on the builder's platform",
      "FROM --platform=$BUILDPLATFORM go AS b\nRUN go build\nFROM a\nCOPY --from=b /x /x\n",
    ],
    [
      "a stage of a stage on the builder's platform",
      "FROM --platform=${BUILDPLATFORM} go AS a\nFROM a AS b\nRUN x\nFROM c\nCOPY --from=b /x /x\n",
    ],
    ["a RUN in a stage that is not used", "FROM a AS unused\nRUN x\nFROM b\nCOPY . .\n"],
  ])("with %s", (_, text) => {
    expect(fits(text)).toBe(true);
  });

  it.each([
    ["a RUN for the target's platform", "FROM a\nRUN x\n"],
    [
      "a RUN in a stage for the target's platform",
      "FROM --platform=$BUILDPLATFORM go AS b\nRUN x\nFROM a AS c\nRUN y\nFROM d\nCOPY --from=c /x /x\n",
    ],
    ["a RUN for a named platform", "FROM --platform=linux/arm64 a\nRUN x\n"],
    ["a RUN for TARGETPLATFORM", "FROM --platform=$TARGETPLATFORM a\nRUN x\n"],
    [
      "a RUN in a stage that a mount uses",
      "FROM a AS b\nRUN x\nFROM --platform=$BUILDPLATFORM c AS d\nRUN --mount=from=b,target=/b y\nFROM e\nCOPY --from=d /x /x\n",
    ],
  ])("but not with %s", (_, text) => {
    expect(fits(text)).toBe(false);
  });

  it("but not if --build-arg sets another platform", () => {
    const text = "ARG BUILDPLATFORM\nFROM --platform=$BUILDPLATFORM a\nRUN x\n";
    expect(fits(text)).toBe(true);
    expect(fits(text, { buildArgs: ["BUILDPLATFORM=linux/arm64"] })).toBe(false);
  });

  it("depending on the target", () => {
    const text = "FROM --platform=$BUILDPLATFORM a AS tools\nRUN x\nFROM b\nRUN y\n";
    expect([fits(text, { target: "tools" }), fits(text)]).toEqual([true, false]);
  });
});
