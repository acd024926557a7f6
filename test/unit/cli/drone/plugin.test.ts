import { describe, expect, test } from "vitest";
import { pluginBuild } from "../../../../src/cli/drone/plugin.ts";
import { readSettings } from "../../../../src/cli/drone/settings.ts";
import { tagsOf } from "../../../../src/cli/drone/tags.ts";
import type { Dialect } from "../../../../src/cli/drone/tags.ts";

const REPO = { PLUGIN_REPO: "r.example.com/app" };
const TAG = "--tag=r.example.com/app:latest";

/** Variables, and the args of `slipway build` that they become. */
test.each<[Record<string, string>, readonly string[], Dialect?]>([
  [{}, [TAG, "--", "."]],
  [{ PLUGIN_TAGS: "1,2" }, ["--tag=r.example.com/app:1", "--tag=r.example.com/app:2", "--", "."]],
  [{ PLUGIN_DOCKERFILE: "a b/Dockerfile", PLUGIN_CONTEXT: "src" }, [TAG, "--file=a b/Dockerfile", "--", "src"]],
  [{ PLUGIN_CONTEXT: "dir://src", PLUGIN_CONTEXT_SUB_PATH: "web" }, [TAG, "--", "src/web"]],
  [{ PLUGIN_BUILD_ARGS: "A=1,B=$(x) 'y'" }, [TAG, "--build-arg=A=1", "--build-arg=B=$(x) 'y'", "--", "."]],
  [
    { PLUGIN_MULTIPLE_BUILD_ARGS: "true", PLUGIN_BUILD_ARGS_NEW: "A=1,2;B=x\ny" },
    [TAG, "--build-arg=A=1,2", "--build-arg=B=x\ny", "--", "."],
  ],
  [{ PLUGIN_BUILD_ARGS_NEW: "A=1,2;B" }, [TAG, "--", "."]],
  [{ PLUGIN_BUILD_ARGS_FROM_ENV: "SET,UNSET", SET: "s,t" }, [TAG, "--build-arg=SET=s,t", "--", "."]],
  [{ PLUGIN_CUSTOM_LABELS: "a=b,c=d" }, [TAG, "--label=a=b", "--label=c=d", "--", "."]],
  [{ PLUGIN_TARGET: "t", PLUGIN_PLATFORM: "linux/arm64" }, [TAG, "--target=t", "--platform=linux/arm64", "--", "."]],
  [{ PLUGIN_CUSTOM_PLATFORM: "linux/arm64" }, [TAG, "--platform=linux/arm64", "--", "."]],
  [
    { PLUGIN_ENABLE_CACHE: "true" },
    [TAG, "--cache-from=r.example.com/app/cache", "--cache-to=r.example.com/app/cache", "--", "."],
  ],
  [
    { PLUGIN_ENABLE_CACHE: "true", PLUGIN_CACHE_REPO: "r.example.com/c" },
    [TAG, "--cache-from=r.example.com/c", "--cache-to=r.example.com/c", "--", "."],
  ],
  [{ PLUGIN_CACHE_REPO: "r.example.com/c" }, [TAG, "--", "."]],
  [{ PLUGIN_NO_PUSH: "true" }, ["--output=type=cacheonly", "--", "."]],
  [{ PLUGIN_TAR_PATH: "a,b.tar" }, [TAG, '--output=type=docker,"dest=a,b.tar"', "--output=type=registry", "--", "."]],
  [{ PLUGIN_TAR_PATH: "a.tar", PLUGIN_NO_PUSH: "1" }, [TAG, "--output=type=docker,dest=a.tar", "--", "."]],
  [{ PLUGIN_INSECURE: "true" }, [TAG, "--insecure-registry=r.example.com", "--", "."]],
  [
    { PLUGIN_SKIP_TLS_VERIFY_PULL: "true", PLUGIN_BASE_IMAGE_REGISTRY: "https://b.example.com/v2/" },
    [TAG, "--insecure-registry=b.example.com", "--", "."],
  ],
  [{ PLUGIN_INSECURE_REGISTRY: "a:1,b:2" }, [TAG, "--insecure-registry=a:1", "--insecure-registry=b:2", "--", "."]],
  [{ PLUGIN_REGISTRY_CERTIFICATE: "r.example.com=ca.pem" }, [TAG, "--registry-ca=ca.pem", "--", "."]],
  // Drone puts the registry before the name if the step asks for it, banzai always does.
  [{ PLUGIN_REPO: "team/app", PLUGIN_REGISTRY: "r.example.com" }, ["--tag=team/app:latest", "--", "."]],
  [
    { PLUGIN_REPO: "team/app", PLUGIN_REGISTRY: "https://r.example.com/v2/", PLUGIN_EXPAND_REPO: "true" },
    ["--tag=r.example.com/team/app:latest", "--", "."],
  ],
  [
    { PLUGIN_REPO: "team/app", PLUGIN_REGISTRY: "r.example.com", PLUGIN_CACHE: "true", PLUGIN_CACHE_REPO: "team/c" },
    [
      "--tag=r.example.com/team/app:latest",
      "--cache-from=r.example.com/team/c",
      "--cache-to=r.example.com/team/c",
      "--",
      ".",
    ],
    "banzai",
  ],
  [{ PLUGIN_REPO: "" }, ["--output=type=cacheonly", "--", "."], "banzai"],
])("%j becomes args of build", (variables, args, dialect = "drone") => {
  const build = pluginBuild({ ...REPO, ...variables }, dialect);
  expect([build.args, build.notices]).toEqual([args, []]);
});

const login = (user: string, password: string): { auth: string } => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});

/** Logins by registry. They never appear in the args. */
test.each<[Record<string, string>, object]>([
  [{ PLUGIN_USERNAME: "u", PLUGIN_PASSWORD: "p" }, { "r.example.com": login("u", "p") }],
  [
    { PLUGIN_USERNAME: "u", PLUGIN_PASSWORD: "p", PLUGIN_REGISTRY: "other.example.com" },
    { "other.example.com": login("u", "p") },
  ],
  [{ DOCKER_USERNAME: "u", DOCKER_PASSWORD: "p:q" }, { "r.example.com": login("u", "p:q") }],
  [
    { PLUGIN_USERNAME: "u", PLUGIN_PASSWORD: "p", DOCKER_USERNAME: "d", DOCKER_PASSWORD: "e" },
    { "https://index.docker.io/v1/": login("d", "e"), "r.example.com": login("u", "p") },
  ],
  [{ PLUGIN_JSON_KEY: "{}" }, { "r.example.com": login("_json_key", "{}") }],
  [
    { PLUGIN_BASE_IMAGE_REGISTRY: "b.io", PLUGIN_BASE_IMAGE_USERNAME: "u", PLUGIN_BASE_IMAGE_PASSWORD: "p" },
    { "b.io": login("u", "p") },
  ],
  [{ PLUGIN_CONFIG: '{"auths":{"x":{}}}', PLUGIN_USERNAME: "u" }, { x: {} }],
])("%j becomes a login", (variables, auths) => {
  const { dockerConfig = "{}", args } = pluginBuild({ ...REPO, ...variables }, "drone");
  expect(JSON.parse(dockerConfig)).toEqual({ auths });
  expect(args).toEqual([TAG, "--", "."]);
});

test.each<[Record<string, string>, string]>([
  [{ PLUGIN_REPO: "" }, "the step does not name a repository to push to"],
  [{ PLUGIN_USERNAME: "u" }, "PLUGIN_USERNAME is set, but PLUGIN_PASSWORD is not"],
  [{ DOCKER_PASSWORD: "p" }, "DOCKER_PASSWORD is set, but DOCKER_USERNAME is not"],
  [{ PLUGIN_NO_PUSH: "maybe" }, "PLUGIN_NO_PUSH=maybe is neither true nor false"],
  [{ PLUGIN_CREATE_REPOSITORY: "true" }, "slipway does not support PLUGIN_CREATE_REPOSITORY"],
  [{ PLUGIN_ACCESS_KEY: "k" }, "slipway does not support PLUGIN_ACCESS_KEY"],
  [
    { PLUGIN_REGISTRY_CERTIFICATE: "a=1,b=2" },
    "PLUGIN_REGISTRY_CERTIFICATE names several files, but slipway reads only one",
  ],
  [
    { PLUGIN_AUTO_TAG: "true", PLUGIN_TAGS: "1" },
    "PLUGIN_AUTO_TAG cannot be used with PLUGIN_TAGS or PLUGIN_EXPAND_TAG",
  ],
])("%j is refused", (variables, sentence) => {
  expect(() => pluginBuild({ ...REPO, ...variables }, "drone")).toThrow(sentence);
});

test("variables that only tune kaniko, and unknown variables, are ignored with one notice each", () => {
  const variables = { PLUGIN_SNAPSHOT_MODE: "redo", PLUGIN_CACHE_TTL: "6", PLUGIN_FOO: "1", PLUGIN_EMPTY: "" };
  expect(pluginBuild({ ...REPO, ...variables }, "drone").notices).toEqual([
    "ignored, as it only tunes kaniko: PLUGIN_CACHE_TTL, PLUGIN_SNAPSHOT_MODE",
    "ignored, as slipway does not know it: PLUGIN_FOO",
  ]);
});

describe("tags", () => {
  const tags = (variables: Record<string, string>, dialect: Dialect = "drone", listed?: string): readonly string[] =>
    tagsOf(readSettings(variables).settings, variables, dialect, listed);

  test.each<[Record<string, string>, readonly string[]]>([
    [{ PLUGIN_TAGS: "1.2.3", PLUGIN_EXPAND_TAG: "true" }, ["1", "1.2", "1.2.3"]],
    [{ PLUGIN_TAGS: "v1.2.3,latest", PLUGIN_EXPAND_TAG: "true" }, ["1", "1.2", "1.2.3", "latest"]],
    [{ PLUGIN_TAGS: "1.2.3-rc.1", PLUGIN_EXPAND_TAG: "true" }, ["1.2.3-rc.1"]],
    [{ PLUGIN_AUTO_TAG: "true", DRONE_COMMIT_REF: "refs/tags/v1.2.3" }, ["1", "1.2", "1.2.3"]],
    [{ PLUGIN_AUTO_TAG: "true", DRONE_COMMIT_REF: "refs/tags/v0.2.3" }, ["0.2", "0.2.3"]],
    [
      { PLUGIN_AUTO_TAG: "true", DRONE_COMMIT_REF: "refs/tags/v1.2.3", PLUGIN_AUTO_TAG_SUFFIX: "arm" },
      ["1-arm", "1.2-arm", "1.2.3-arm"],
    ],
    [{ PLUGIN_AUTO_TAG: "true", DRONE_COMMIT_REF: "refs/heads/main", DRONE_REPO_BRANCH: "main" }, ["latest"]],
    [
      {
        PLUGIN_AUTO_TAG: "true",
        DRONE_COMMIT_REF: "refs/heads/main",
        DRONE_REPO_BRANCH: "main",
        PLUGIN_AUTO_TAG_SUFFIX: "a",
      },
      ["a"],
    ],
  ])("%j gives the tags", (variables, expected) => {
    expect(tags(variables)).toEqual(expected);
  });

  test("the file .tags counts only if the step sets no tags", () => {
    expect(tags({}, "drone", "a, b\nc\n")).toEqual(["a", "b", "c"]);
    expect(tags({ PLUGIN_TAGS: "x" }, "drone", "a")).toEqual(["x"]);
  });

  test.each([
    [undefined, ["latest"]],
    ["v1.2.3", ["1", "1.2", "1.2.3", "latest"]],
    ["1.2", ["1", "1.2", "latest"]],
    ["nightly", ["nightly", "latest"]],
  ])("banzai makes its own tags of the git tag %s", (tag, expected) => {
    const variables = { PLUGIN_AUTO_TAG: "true", ...(tag === undefined ? {} : { DRONE_TAG: tag }) };
    expect(tags(variables, "banzai", "ignored")).toEqual(expected);
  });

  test.each([
    [{ DRONE_COMMIT_REF: "refs/heads/topic", DRONE_REPO_BRANCH: "main" }, "finds no tag for refs/heads/topic"],
    [{}, "finds no tag for a build without DRONE_COMMIT_REF"],
    [{ DRONE_COMMIT_REF: "refs/tags/nightly" }, "nightly is not a semantic version"],
  ])("%j gives no tag", (variables, sentence) => {
    expect(() => tags({ PLUGIN_AUTO_TAG: "true", ...variables })).toThrow(sentence);
  });
});
