import { describe, expect, it } from "vitest";
import Build from "../../../../src/cli/commands/build.ts";
import { ownVariables, variableOf } from "../../../../src/cli/config/environment.ts";
import { settle } from "../../../../src/cli/config/resolve.ts";
import type { Layer } from "../../../../src/cli/config/resolve.ts";
import { BUILD_KEYS } from "./build-keys.ts";

function layer(origin: string, settings: Record<string, string[]>): Layer {
  return { origin, said: origin !== "environment", settings: new Map(Object.entries(settings)) };
}

const words = (given: string[], ...layers: Layer[]): readonly string[] =>
  settle(BUILD_KEYS, new Set(given), layers).words;

describe("a setting", () => {
  const environment = layer("environment", { builder: ["img"], target: ["env"] });
  const project = layer("project", { builder: ["buildah"], tag: ["p"], pull: ["false"] });
  const user = layer("user", { builder: ["makisu"], tag: ["u1", "u2"], pull: ["true"], ttl: ["1m"] });

  it("is decided by the first place that says it, as a whole", () => {
    expect(settle(BUILD_KEYS, new Set(["target"]), [environment, project, user])).toEqual({
      words: ["--builder=img", "--tag=p", "--ttl=1m"],
      decisions: ["project: tag, pull", "user: ttl"],
    });
  });

  it("of the command line is left alone", () => {
    expect(words(["builder", "target", "tag", "pull", "ttl"], environment, project, user)).toEqual([]);
  });

  it("may be off, which those further away cannot undo", () => {
    expect(words([], layer("a", { pull: ["false"] }), layer("b", { pull: ["true"] }))).toEqual([]);
  });

  it("takes out what it excludes further away, not beside it", () => {
    expect(words(["quiet"], layer("a", { progress: ["plain"] }))).toEqual([]);
    expect(words(["builder"], layer("a", { "builder-image": ["x"] }))).toEqual([]);
    expect(words([], layer("a", { "service-account": ["s"] }), layer("b", { "no-credentials": ["true"] }))).toEqual([
      "--service-account=s",
    ]);
    expect(words([], layer("a", { builder: ["img"], "builder-image": ["x"] }))).toEqual([
      "--builder=img",
      "--builder-image=x",
    ]);
    expect(words(["git-in-cluster"], layer("a", { transport: ["pvc"] }))).toEqual([]);
    expect(words(["transport"], layer("a", { "git-in-cluster": ["true"] }))).toEqual([]);
    expect(words([], layer("a", { quiet: ["false"] }), layer("b", { progress: ["plain"] }))).toEqual([
      "--progress=plain",
    ]);
  });
});

describe("the environment", () => {
  const read = (env: Record<string, string>): Record<string, readonly string[]> =>
    Object.fromEntries(ownVariables(env, BUILD_KEYS));

  it("has every flag", () => {
    for (const [name, { arity, options }] of Object.entries(BUILD_KEYS)) {
      const value = arity === "nothing" ? "true" : (options?.[0] ?? "x");
      expect(read({ [variableOf(name)]: value })).toEqual({ [name]: [value] });
    }
  });

  it("is named in the help as it is read", () => {
    const named = Object.entries(Build.flags).flatMap(([name, { env }]) => (env === undefined ? [] : [[name, env]]));
    expect(named.length).toBeGreaterThan(0);
    for (const [name = "", env] of named) expect(env).toBe(variableOf(name));
  });

  it("has several values one a line", () => {
    expect(read({ SLIPWAY_BUILD_ARG: "A=1,2\nB=x y\n" })).toEqual({ "build-arg": ["A=1,2", "B=x y"] });
  });

  it("says nothing where it is empty", () => {
    expect(read({ SLIPWAY_BUILDER: "", SLIPWAY_PULL: "" })).toEqual({});
  });

  it("has truth as people write it, and no other", () => {
    expect(read({ SLIPWAY_PULL: "1", SLIPWAY_PUSH: "off" })).toEqual({ pull: ["true"], push: ["false"] });
    expect(() => read({ SLIPWAY_PULL: "maybe" })).toThrow('SLIPWAY_PULL is "maybe", which is neither true nor false');
    expect(() => read({ SLIPWAY_PROGRESS: "loud" })).toThrow('SLIPWAY_PROGRESS cannot be "loud"');
  });
});
