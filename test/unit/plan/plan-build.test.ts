import { describe, expect, it } from "vitest";
import type { BuildRequest } from "../../../src/plan/request.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { PLAN, planOf } from "./sample.ts";

describe("a plan", () => {
  it("has all facts of an ordinary request", () => {
    const { name, ...plan } = planOf();
    const { name: _, credentials: __, ...expected } = PLAN;
    expect(plan).toEqual({ ...expected, credentials: { kind: "shipped" } });
    expect(name).toMatch(/^slipway-app-[a-z0-9]{8}$/);
  });

  it.each<[string, Partial<BuildRequest>, object]>([
    ["the builder's image", { builderImage: "r.io/k:1" }, { builderImage: "r.io/k:1" }],
    ["the helper's", { helperImage: "r.io/h:1" }, { helperImage: "r.io/h:1" }],
    ["a target", { target: "0" }, { target: "0" }],
    ["--no-cache", { noCache: true }, { noCache: true }],
    [
      "labels",
      { labels: ["a=b=c", "d"] },
      {
        labels: [
          ["a", "b=c"],
          ["d", ""],
        ],
      },
    ],
    [
      "build arguments",
      { buildArgs: ["A=1=2", "B="] },
      {
        buildArgs: [
          ["A", "1=2"],
          ["B", ""],
        ],
      },
    ],
    ["a Secret to log in with", { registrySecret: "s" }, { credentials: { kind: "secret", name: "s" } }],
    ["times", { timeout: "90", ttl: "1d" }, { timeoutSeconds: 90, ttlSeconds: 86_400 }],
    ["a signature's key and log", { signKey: "k", signLog: "none" }, { sign: "k", signLog: "none" }],
    ["a transport", { transport: "pvc" }, { transport: "pvc" }],
    ["a volume", { volumeSize: "500Mi", storageClass: "fast" }, { volume: { size: "500Mi", storageClass: "fast" } }],
  ])("keeps %s of the request", (_name, request, expected) => {
    expect(planOf(request)).toMatchObject(expected);
  });

  it("reads a build argument without a value from the environment, and omits it if it is not set", () => {
    const { buildArgs } = planOf({ buildArgs: ["SET", "EMPTY", "UNSET"] }, {}, { env: { SET: "x", EMPTY: "" } });
    expect(buildArgs).toEqual([
      ["SET", "x"],
      ["EMPTY", ""],
    ]);
  });

  it("has no log setting without a signature, and refuses a signature that nobody could verify", () => {
    expect(planOf({ signLog: "none" })).not.toHaveProperty("signLog");
    expect(planOf({ sign: true, signLog: "upload" })).toMatchObject({ sign: "", signLog: "upload" });
    expect(() => planOf({ sign: true, signLog: "none" })).toThrow(InvalidInput);
    expect(() => planOf({ sign: true, signLog: "none" })).toThrow(/^--sign-log none needs a key/);
  });

  it("may have no tag: the image is built and discarded", () => {
    const plan = planOf({ tags: [] });
    expect(plan.tags).toEqual([]);
    expect(plan.name).toMatch(/^slipway-build-/);
  });

  it("completes tags as docker does", () => {
    expect(planOf({ tags: ["docker.io/app", "localhost:5000/a/b:x"] }).tags.map(String)).toEqual([
      "docker.io/library/app:latest",
      "localhost:5000/a/b:x",
    ]);
  });
});

describe("a name without a registry", () => {
  const tagsOf = (request: Partial<BuildRequest>): string[] => planOf(request).tags.map(String);

  it("is completed with the configured registry", () => {
    const tags = ["app", "team/app:2", "docker.io/u/app", "localhost/app"];
    expect(tagsOf({ tags, registry: "r.example.com:5000/x" })).toEqual([
      "r.example.com:5000/x/app:latest",
      "r.example.com:5000/x/team/app:2",
      "docker.io/u/app:latest",
      "localhost/app:latest",
    ]);
  });

  it("means Docker Hub if it has a user, and is refused otherwise, with a remedy", () => {
    expect(tagsOf({ tags: ["user/app"] })).toEqual(["docker.io/user/app:latest"]);
    expect(() => tagsOf({ tags: ["app:1"] })).toThrow('"app:1" has no registry');
  });

  it("stays as written in an archive", () => {
    const docker = { output: ["type=docker,dest=x.tar"] };
    expect(tagsOf({ tags: ["app"], registry: "r.example.com", docker })).toEqual(["docker.io/library/app:latest"]);
  });
});

describe("the registries of a plan", () => {
  const hosts = (text: string, request: Partial<BuildRequest> = {}) =>
    planOf(request, { dockerfile: { path: "Dockerfile", text } }).registries.hosts;

  it("are the ones that it pushes to and pulls from, each once", () => {
    const text = "FROM quay.io/a AS base\nFROM base\nCOPY --from=ghcr.io/b/c /x /x\nCOPY --from=quay.io/d /y /y\n";
    expect(hosts(text)).toEqual(["registry.example.com", "quay.io", "ghcr.io"]);
  });

  it("follow build arguments, without stages that the target does not need", () => {
    const text = "ARG MIRROR=docker.io\nFROM $MIRROR/a AS one\nFROM quay.io/b AS two\n";
    expect(hosts(text, { buildArgs: ["MIRROR=m.io"], target: "one", tags: [] })).toEqual(["m.io"]);
  });

  it("do not include a name that only the builder can complete", () => {
    expect(hosts("FROM reg_$UNKNOWN/x\n", { tags: [] })).toEqual([]);
    expect(hosts("FROM UPPER/case:x:y\n", { tags: [] })).toEqual([]);
  });

  it("may be insecure and may have their own certificates", () => {
    const insecureRegistries = ["r.io", "10.0.0.1:5000", "[::1]:5000"];
    const { registries } = planOf({ insecureRegistries }, { ca: "PEM" });
    expect(registries).toMatchObject({ insecure: insecureRegistries, ca: "PEM" });
  });
});

describe("a build's name", () => {
  it("name a registry that is pushed to and pulled from as one that is pulled from", () => {
    const text = "FROM r.io/base\n";
    const { registries } = planOf({ tags: ["r.io/app", "q.io/app"] }, { dockerfile: { path: "Dockerfile", text } });
    expect(registries).toMatchObject({ hosts: ["r.io", "q.io"], pulledFrom: ["r.io"] });
  });

  it.each([
    ["docker.io/app", "slipway-app-"],
    ["registry.example.com:5000/team/my_app.web:V1", "slipway-my-app-web-"],
    ["docker.io/a--b", "slipway-a-b-"],
    [`r.io/${"x".repeat(200)}`, `slipway-${"x".repeat(30)}-`],
    [`r.io/${"x".repeat(29)}__y`, `slipway-${"x".repeat(29)}-`],
    ["r.io/0", "slipway-0-"],
  ])("for %s tells what is built, and is a DNS label with space for the Job controller's suffix", (tag, start) => {
    const { name } = planOf({ tags: [tag] });
    expect(name.startsWith(start)).toBe(true);
    expect(name).toMatch(/^[a-z](?:[a-z0-9-]*[a-z0-9])?$/);
    expect(name.length + "-abcde".length).toBeLessThanOrEqual(63);
  });

  it("is different for every build", () => {
    const names = new Set(Array.from({ length: 1000 }, () => planOf().name));
    expect(names.size).toBe(1000);
  });
});

describe("what is refused, and with what remedy", () => {
  it.each<[string, Partial<BuildRequest>, string, RegExp]>([
    ["an unknown builder", { builder: "docker" }, 'there is no builder "docker"', /kaniko/],
    [
      "a builder named after a property of objects",
      { builder: "toString" },
      'there is no builder "toString"',
      /kaniko/,
    ],
    ["an unknown transport", { transport: "pigeon" }, 'there is no transport "pigeon"', /auto, configmap, stream, pvc/],
    ["a tag in capitals", { tags: ["team/UPPER"] }, 'invalid tag "team/UPPER"', /team\/upper/],
    [
      "a tag with a digest",
      { tags: [`a@sha256:${"0".repeat(64)}`] },
      "the digest of an image is not known before the build",
      /@/,
    ],
    ["an empty tag", { tags: [""] }, 'invalid tag ""', /\[registry\/\]repository/],
    ["an argument without a name", { buildArgs: ["=x"] }, 'invalid build argument "=x"', /NAME=VALUE/],
    ["a label without a key", { labels: ["=x"] }, 'invalid label "=x"', /KEY=VALUE/],
    ["a registry with a scheme", { insecureRegistries: ["http://x"] }, "--insecure-registry http://x", /HOST:PORT/],
    ["a registry with a path", { insecureRegistries: ["x/y"] }, "--insecure-registry x/y", /HOST:PORT/],
    ["a size that is none", { volumeSize: "big" }, "--volume-size big is not a size", /10Gi/],
    ["a volume of nothing", { volumeSize: "0" }, "--volume-size 0 is not a size", /10Gi/],
    ["an invalid --timeout", { timeout: "soon" }, "--timeout soon is not a duration", /15m/],
    ["an invalid --ttl", { ttl: "-1" }, "--ttl -1 is not a duration", /15m/],
  ])("%s", (_name, request, sentence, remedy) => {
    const refuse = () => planOf(request);
    expect(refuse).toThrow(InvalidInput);
    expect(refuse).toThrow(expect.objectContaining({ message: expect.stringContaining(sentence) }));
    expect(refuse).toThrow(expect.objectContaining({ suggestions: [expect.stringMatching(remedy)] }));
  });

  it.each([
    ["an unknown instruction", "FORM x\n", "unknown instruction: FORM"],
    ["an empty Dockerfile", "# nothing\n", "file with no instructions"],
  ])("%s", (_name, text, sentence) => {
    expect(() => planOf({}, { dockerfile: { path: "Dockerfile", text } })).toThrow(sentence);
  });

  it("refuses an unknown target", () => {
    expect(() => planOf({ target: "nowhere" })).toThrow(/nowhere/);
  });
});

describe("a reproducible context", () => {
  const latest = (env: Record<string, string>, buildArgs: string[] = [], reproducible = true) =>
    planOf({ reproducible, buildArgs }, {}, { env }).latestTime;

  it("has no file time after SOURCE_DATE_EPOCH, or after 1970 without it", () => {
    expect(latest({})).toBe(0);
    expect(latest({ SOURCE_DATE_EPOCH: "1700000000" })).toBe(1_700_000_000);
    expect(latest({ SOURCE_DATE_EPOCH: "5" }, ["SOURCE_DATE_EPOCH=7"])).toBe(7);
    expect(latest({ SOURCE_DATE_EPOCH: "5" }, [], false)).toBeUndefined();
  });

  it("is refused for an invalid time", () => {
    expect(() => latest({ SOURCE_DATE_EPOCH: "yesterday" })).toThrow(
      "SOURCE_DATE_EPOCH=yesterday is not a Unix time in seconds",
    );
  });
});

describe("--build-context", () => {
  const image = { docker: { "build-context": ["base=docker-image://q.io/base:1"] } };
  const dockerfile = { path: "/src/Dockerfile", text: "FROM r.io/a\nCOPY --from=base / /\n" };

  it("needs the registry of its image, and not the registry of the replaced name", () => {
    expect(planOf(image, { dockerfile }).registries.hosts).toEqual(["registry.example.com", "r.io", "q.io"]);
    expect(planOf({}, { dockerfile }).registries.hosts).toEqual(["registry.example.com", "r.io", "docker.io"]);
  });

  it("with a directory is refused for --transport cache", () => {
    const directories = [{ number: 0, root: "/lib", ignoreFile: undefined }];
    const plan = () => planOf({ transport: "cache" }, { directories });
    expect(plan).toThrow("--transport cache supports only one directory, and --build-context names another one");
    expect(planOf({ transport: "cache", ...image }, { dockerfile }).transport).toBe("cache");
  });
});

describe("push-by-digest", () => {
  const output = ["type=image,name=r.io/a,push-by-digest=true,push=true"];

  it("leaves the tag out of each name", () => {
    const plan = planOf({ tags: ["r.io:5000/team/b"], docker: { output } });
    expect([plan.byDigest, plan.tags.map(String)]).toEqual([true, ["r.io:5000/team/b", "r.io/a"]]);
  });

  it("is refused for a name with a tag, as docker does", () => {
    expect(() => planOf({ tags: ["r.io:5000/team/b:1.0"], docker: { output } })).toThrow(
      new InvalidInput("can't push tagged ref r.io:5000/team/b:1.0 by digest", {
        docker: "refuses",
        suggestions: ["Leave out the tag: r.io:5000/team/b", "Or leave out push-by-digest=true."],
      }),
    );
  });
});
