import { describe, expect, it } from "vitest";
import { sourcesOf, resolveSettings } from "../../../../src/cli/config/resolve.ts";
import { parseConfiguration } from "../../../../src/cli/config/parse-config.ts";
import type { ResolvedSettings } from "../../../../src/cli/config/resolve.ts";
import { BUILD_KEYS } from "./build-keys.ts";

const TEXT = `builder: kaniko
rules:
  - match: services/ml/**
    builder: buildkit
    memory: 8g
  - match: [services/ml/tiny, "*.test.Dockerfile", "!other/*.test.Dockerfile"]
    memory: 1g
`;

function parse(text: string, trustLevel: "user" | "untrusted") {
  return parseConfiguration({ path: "/p/.slipway.yaml", text, trustLevel, home: "/h", userPath: "/h/c" }, BUILD_KEYS);
}

async function decide(
  dockerfile: string | undefined,
  env: Record<string, string> = {},
  text = TEXT,
): Promise<ResolvedSettings> {
  const inputs = { configurations: { project: parse(text, "untrusted") }, env, cwd: "/p/services", dockerfile };
  return resolveSettings(BUILD_KEYS, new Set(), await sourcesOf(inputs, BUILD_KEYS));
}

describe("a rule", () => {
  it("rules match the Dockerfile's path, a later rule precedes an earlier one, and the decision is reported", async () => {
    expect(await decide("/p/services/ml/Dockerfile")).toEqual({
      args: ["--builder=buildkit", "--memory=8g"],
      decisions: ["rule services/ml/** of /p/.slipway.yaml:3: builder, memory"],
      origins: new Map([
        ["builder", "rule services/ml/** of /p/.slipway.yaml:3"],
        ["memory", "rule services/ml/** of /p/.slipway.yaml:3"],
      ]),
    });
    expect((await decide("/p/services/ml/tiny/Dockerfile")).args).toEqual(["--memory=1g", "--builder=buildkit"]);
    expect((await decide("/p/services/web/Dockerfile")).args).toEqual(["--builder=kaniko"]);
    expect((await decide("/p/x/a.test.Dockerfile")).args).toEqual(["--memory=1g", "--builder=kaniko"]);
    expect((await decide("/p/other/a.test.Dockerfile")).args).toEqual(["--builder=kaniko"]);
  });

  it("rules ignore a Dockerfile outside the directory of their file", async () => {
    expect((await decide(undefined)).args).toEqual(["--builder=kaniko"]);
    expect((await decide("/services/ml/Dockerfile")).args).toEqual(["--builder=kaniko"]);
  });

  it("the environment precedes rules", async () => {
    expect((await decide("/p/services/ml/Dockerfile", { SLIPWAY_MEMORY: "2g" })).args).toContain("--memory=2g");
  });

  it.each([
    ["rules: x", "1: `rules` must be a list"],
    ["rules:\n  - builder: kaniko", "2: a rule must have the key `match`"],
    ["rules:\n  - match: a\n    file: b", "3: a rule cannot set `file`"],
    ["rules:\n  - match: ''", '2: "match" is empty'],
    ["rules:\n  - match: a\n    bulder: img", '3: unknown key "bulder"'],
    ["rules:\n  - match: a\n    service-account: x", '3: "service-account" is not allowed in a project'],
  ])("the error for %j names file and line", (text, message) => {
    expect(() => parse(text, "untrusted")).toThrow(`/p/.slipway.yaml:${message}`);
  });

  it("a user's file may not have rules", () => {
    expect(() => parse("rules: [{match: a}]", "user")).toThrow("only a project's file may have rules");
  });
});

describe("docker's variables", () => {
  it("docker's variables precede files, and slipway's variables precede both", async () => {
    const env = { BUILDX_BUILDER: "buildah", DOCKER_DEFAULT_PLATFORM: "linux/arm64", BUILDKIT_PROGRESS: "plain" };
    expect((await decide(undefined, env)).args).toEqual([
      "--platform=linux/arm64",
      "--builder=buildah",
      "--progress=plain",
    ]);
    expect((await decide(undefined, { ...env, SLIPWAY_BUILDER: "img" })).args).toContain("--builder=img");
  });

  it("values that only docker knows are ignored", async () => {
    const env = { BUILDX_BUILDER: "desktop-linux", BUILDKIT_PROGRESS: "fancy", DOCKER_DEFAULT_PLATFORM: "" };
    expect((await decide(undefined, env)).args).toEqual(["--builder=kaniko"]);
  });
});
