import { describe, expect, it } from "vitest";
import { DOCKERS_VARIABLES, ENVIRONMENT } from "../../../../src/cli/config/resolve.ts";
import { firstBuilder, settingsOf, settingsTable } from "../../../../src/cli/print/settings.ts";
import type { SettingInputs } from "../../../../src/cli/print/settings.ts";

const FILE = {
  path: "/p/.slipway.yaml",
  trustLevel: "untrusted",
  settings: new Map(),
  registry: "r.io/team",
  images: { kaniko: "r.io/executor:1" },
  trust: [],
  rules: [],
} as const;

function settings(change: Partial<SettingInputs>): string[] {
  const inputs = {
    flags: {},
    defaults: new Set<string>(),
    origins: new Map(),
    configurations: {},
    env: {},
    builder: "buildah",
    ...change,
  };
  return settingsOf(inputs).map(({ name, values, from }) => `${name}=${values.join("|")} (${from})`);
}

describe("the settings in force", () => {
  it("have their origin: the command line, a variable, a file or the default", () => {
    expect(
      settings({
        flags: { ttl: "1h", builder: "img", tag: ["a", "b"], memory: "2g", platform: "linux/amd64", quiet: true },
        defaults: new Set(["ttl"]),
        origins: new Map([
          ["builder", ENVIRONMENT],
          ["memory", "settings of .slipway.yaml"],
          ["platform", DOCKERS_VARIABLES],
        ]),
        env: { SLIPWAY_BUILDER: "img", DOCKER_DEFAULT_PLATFORM: "linux/amd64" },
      }),
    ).toEqual([
      "builder=img (SLIPWAY_BUILDER)",
      "memory=2g (settings of .slipway.yaml)",
      "platform=linux/amd64 (DOCKER_DEFAULT_PLATFORM)",
      "quiet=true (command line)",
      "tag=a|b (command line)",
      "ttl=1h (default)",
    ]);
  });

  it("are not flags without a value", () => {
    expect(settings({ flags: { file: undefined, tag: [], quiet: false } })).toEqual([]);
  });

  it("are also a flag that a file turns off", () => {
    expect(settings({ flags: { quiet: false }, origins: new Map([["quiet", "settings of x"]]) })).toEqual([
      "quiet=false (settings of x)",
    ]);
  });

  it("are also keys that are not flags, of the first source that has them", () => {
    const user = { ...FILE, path: "/home/config.yaml", registry: "r.io/me", trust: ["/p"] };
    expect(settings({ configurations: { project: FILE, user } })).toEqual([
      "images=kaniko=r.io/executor:1 (settings of /p/.slipway.yaml)",
      "registry=r.io/team (settings of /p/.slipway.yaml)",
      "trust=/p (settings of /home/config.yaml)",
    ]);
    expect(settings({ configurations: { user }, env: { SLIPWAY_REGISTRY: "r.io/x" } })).toContain(
      "registry=r.io/x (SLIPWAY_REGISTRY)",
    );
  });

  it("are a table with a line for each value", () => {
    expect(settingsTable([{ name: "tag", values: ["a", "b"], from: "command line" }])).toBe(
      "SETTING   VALUE   FROM\ntag       a       command line\n          b       \n",
    );
  });
});

describe("the image of the builder", () => {
  const image = (change: Partial<SettingInputs>): string[] =>
    settings({
      builder: "kaniko",
      imageVariable: "SLIPWAY_KANIKO_IMAGE",
      defaultImage: "r.io/kaniko:1",
      ...change,
    }).filter((line) => line.startsWith("builder-image="));

  it.each<[string, Partial<SettingInputs>, string]>([
    ["the default", {}, "r.io/kaniko:1 (default of kaniko)"],
    ["a file's", { configurations: { project: FILE } }, "r.io/executor:1 (settings of /p/.slipway.yaml)"],
    [
      "a variable's",
      { env: { SLIPWAY_KANIKO_IMAGE: "r.io/k:2" }, configurations: { project: FILE } },
      "r.io/k:2 (SLIPWAY_KANIKO_IMAGE)",
    ],
    [
      "a flag's",
      { flags: { "builder-image": "r.io/k:3" }, env: { SLIPWAY_KANIKO_IMAGE: "r.io/k:2" } },
      "r.io/k:3 (command line)",
    ],
  ])("is %s", (_, change, expected) => {
    expect(image(change)).toEqual([`builder-image=${expected}`]);
  });

  it.each([
    [{ builder: "auto" }, ["img"], "img"],
    [{ builder: "auto" }, undefined, "kaniko"],
    [{ builder: "auto", keep: "30m" }, ["img"], "buildkit"],
    [{ builder: "makisu" }, ["img"], "makisu"],
  ])("is that of the builder which is tried first: %j, %j", (flags, order, expected) => {
    expect(firstBuilder(flags, order)).toBe(expected);
  });
});
