import { describe, expect, it } from "vitest";
import Build from "../../../../src/cli/commands/build.ts";
import { ownVariables, variableOf } from "../../../../src/cli/config/environment.ts";
import { resolveSettings } from "../../../../src/cli/config/resolve.ts";
import type { SettingsSource } from "../../../../src/cli/config/resolve.ts";
import { BUILD_KEYS } from "./build-keys.ts";

function source(origin: string, settings: Record<string, string[]>): SettingsSource {
  return { origin, reported: origin !== "environment", settings: new Map(Object.entries(settings)) };
}

const argsOf = (given: string[], ...sources: SettingsSource[]): readonly string[] =>
  resolveSettings(BUILD_KEYS, new Set(given), sources).args;

describe("a setting", () => {
  const environment = source("environment", { builder: ["img"], target: ["env"] });
  const project = source("project", { builder: ["buildah"], tag: ["p"], pull: ["false"] });
  const user = source("user", { builder: ["makisu"], tag: ["u1", "u2"], pull: ["true"], ttl: ["1m"] });

  it("the first source that has a flag decides it as a whole", () => {
    expect(resolveSettings(BUILD_KEYS, new Set(["target"]), [environment, project, user])).toEqual({
      args: ["--builder=img", "--tag=p", "--ttl=1m"],
      decisions: ["project: tag, pull", "user: ttl"],
      origins: new Map([
        ["builder", "environment"],
        ["tag", "project"],
        ["pull", "project"],
        ["ttl", "user"],
      ]),
    });
  });

  it("flags of the command line precede every source", () => {
    expect(argsOf(["builder", "target", "tag", "pull", "ttl"], environment, project, user)).toEqual([]);
  });

  it("a later source cannot turn on a flag that an earlier one turned off", () => {
    expect(argsOf([], source("a", { pull: ["false"] }), source("b", { pull: ["true"] }))).toEqual([]);
  });

  it("a flag drops the flags that it excludes from later sources, but not from its own", () => {
    expect(argsOf(["quiet"], source("a", { progress: ["plain"] }))).toEqual([]);
    expect(argsOf(["builder"], source("a", { "builder-image": ["x"] }))).toEqual([]);
    expect(argsOf([], source("a", { "service-account": ["s"] }), source("b", { "no-credentials": ["true"] }))).toEqual([
      "--service-account=s",
    ]);
    expect(argsOf([], source("a", { builder: ["img"], "builder-image": ["x"] }))).toEqual([
      "--builder=img",
      "--builder-image=x",
    ]);
    expect(argsOf(["git-in-cluster"], source("a", { transport: ["pvc"] }))).toEqual([]);
    expect(argsOf(["transport"], source("a", { "git-in-cluster": ["true"] }))).toEqual([]);
    for (const result of ["push", "output", "detach"])
      expect(argsOf([result], source("a", { load: ["true"] }))).toEqual([]);
    expect(argsOf([], source("a", { quiet: ["false"] }), source("b", { progress: ["plain"] }))).toEqual([
      "--progress=plain",
    ]);
  });
});

describe("the environment", () => {
  const read = (env: Record<string, string>): Record<string, readonly string[]> =>
    Object.fromEntries(ownVariables(env, BUILD_KEYS));

  it("every flag has a variable", () => {
    for (const [name, { arity, options }] of Object.entries(BUILD_KEYS)) {
      const value = arity === "nothing" ? "true" : (options?.[0] ?? "x");
      expect(read({ [variableOf(name)]: value })).toEqual({ [name]: [value] });
    }
  });

  it("the help names the variables that are read", () => {
    const named = Object.entries(Build.flags).flatMap(([name, { env }]) => (env === undefined ? [] : [[name, env]]));
    expect(named.length).toBeGreaterThan(0);
    for (const [name = "", env] of named) expect(env).toBe(variableOf(name));
  });

  it("a variable has several values on one line each", () => {
    expect(read({ SLIPWAY_BUILD_ARG: "A=1,2\nB=x y\n" })).toEqual({ "build-arg": ["A=1,2", "B=x y"] });
  });

  it("an empty variable counts as unset", () => {
    expect(read({ SLIPWAY_BUILDER: "", SLIPWAY_PULL: "" })).toEqual({});
  });

  it("a boolean variable takes the usual spellings, and no other text", () => {
    expect(read({ SLIPWAY_PULL: "1", SLIPWAY_PUSH: "off" })).toEqual({ pull: ["true"], push: ["false"] });
    expect(() => read({ SLIPWAY_PULL: "maybe" })).toThrow('SLIPWAY_PULL is "maybe", which is neither true nor false');
    expect(() => read({ SLIPWAY_PROGRESS: "loud" })).toThrow('SLIPWAY_PROGRESS cannot be "loud"');
  });
});
