import { describe, expect, it } from "vitest";
import { layersOf, settle } from "../../../../src/cli/config/resolve.ts";
import { parseConfiguration } from "../../../../src/cli/config/parse-config.ts";
import type { Settled } from "../../../../src/cli/config/resolve.ts";
import { BUILD_KEYS } from "./build-keys.ts";

const TEXT = `builder: kaniko
rules:
  - match: services/ml/**
    builder: buildkit
    memory: 8g
  - match: [services/ml/tiny, "*.test.Dockerfile", "!other/*.test.Dockerfile"]
    memory: 1g
`;

function parse(text: string, standing: "user" | "stranger") {
  return parseConfiguration({ path: "/p/.slipway.yaml", text, standing, home: "/h", userPath: "/h/c" }, BUILD_KEYS);
}

async function decide(dockerfile: string | undefined, env: Record<string, string> = {}, text = TEXT): Promise<Settled> {
  const places = { configurations: { project: parse(text, "stranger") }, env, cwd: "/p/services", dockerfile };
  return settle(BUILD_KEYS, new Set(), await layersOf(places, BUILD_KEYS));
}

describe("a rule", () => {
  it("decides by the Dockerfile's place, the later before the earlier, and says so", async () => {
    expect(await decide("/p/services/ml/Dockerfile")).toEqual({
      words: ["--builder=buildkit", "--memory=8g"],
      decisions: ["rule services/ml/** of /p/.slipway.yaml:3: builder, memory"],
    });
    expect((await decide("/p/services/ml/tiny/Dockerfile")).words).toEqual(["--memory=1g", "--builder=buildkit"]);
    expect((await decide("/p/services/web/Dockerfile")).words).toEqual(["--builder=kaniko"]);
    expect((await decide("/p/x/a.test.Dockerfile")).words).toEqual(["--memory=1g", "--builder=kaniko"]);
    expect((await decide("/p/other/a.test.Dockerfile")).words).toEqual(["--builder=kaniko"]);
  });

  it("says nothing of what is no file below its directory", async () => {
    expect((await decide(undefined)).words).toEqual(["--builder=kaniko"]);
    expect((await decide("/services/ml/Dockerfile")).words).toEqual(["--builder=kaniko"]);
  });

  it("comes after the environment", async () => {
    expect((await decide("/p/services/ml/Dockerfile", { SLIPWAY_MEMORY: "2g" })).words).toContain("--memory=2g");
  });

  it.each([
    ["rules: x", "1: rules are a list"],
    ["rules:\n  - builder: kaniko", "2: a rule has a match"],
    ["rules:\n  - match: a\n    file: b", "3: a rule cannot name the file"],
    ["rules:\n  - match: ''", '2: "match" is empty'],
    ["rules:\n  - match: a\n    bulder: img", '3: there is no key "bulder"'],
    ["rules:\n  - match: a\n    service-account: x", '3: "service-account" is not taken from a project'],
  ])("with a fault says where: %j", (text, message) => {
    expect(() => parse(text, "stranger")).toThrow(`/p/.slipway.yaml:${message}`);
  });

  it("is no user's", () => {
    expect(() => parse("rules: [{match: a}]", "user")).toThrow("rules are a project's");
  });
});

describe("docker's variables", () => {
  it("come after slipway's own and before files", async () => {
    const env = { BUILDX_BUILDER: "buildah", DOCKER_DEFAULT_PLATFORM: "linux/arm64", BUILDKIT_PROGRESS: "plain" };
    expect((await decide(undefined, env)).words).toEqual([
      "--platform=linux/arm64",
      "--builder=buildah",
      "--progress=plain",
    ]);
    expect((await decide(undefined, { ...env, SLIPWAY_BUILDER: "img" })).words).toContain("--builder=img");
  });

  it("that name what only docker has are passed over", async () => {
    const env = { BUILDX_BUILDER: "desktop-linux", BUILDKIT_PROGRESS: "fancy", DOCKER_DEFAULT_PLATFORM: "" };
    expect((await decide(undefined, env)).words).toEqual(["--builder=kaniko"]);
  });
});
