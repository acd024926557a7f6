import { expect, it, describe } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { buildxArgs, metadataOf, readCall } from "../../../../src/cli/plugin/docker-plugin.ts";
import type { PluginName } from "../../../../src/cli/plugin/docker-plugin.ts";

const args = (name: PluginName, ...argv: string[]) => readCall(name, argv).args;

describe("the command line of a call by docker", () => {
  it.each<[string, PluginName, string[], string[]]>([
    ["its name first", "slipway", ["slipway", "build", "-t", "a", "."], ["build", "-t", "a", "."]],
    ["nothing else", "slipway", ["slipway"], []],
    ["a program on its own", "slipway", ["build", "."], ["build", "."]],
    ["docker's own flags first", "slipway", ["-D", "--context", "x", "slipway", "build", "."], ["build", "."]],
    ["their short forms", "slipway", ["-Htcp://a", "-c=x", "-l", "debug", "slipway", "ps"], ["ps"]],
    [
      "a flag of the command's own of the same letter",
      "slipway",
      ["slipway", "build", "-c", "512", "."],
      ["build", "-c", "512", "."],
    ],
    ["compose's call, without the name", "buildx", ["bake", "--file", "-"], ["bake", "--file", "-"]],
    ["docker build", "buildx", ["buildx", "build", "."], ["build", "."]],
    ["a flag it does not know", "slipway", ["--help"], ["--help"]],
  ])("%s: the rest are the args of slipway", (_, name, argv, rest) => {
    expect(args(name, ...argv)).toEqual(rest);
  });

  it("docker's --config and the flags that select an engine are reported", () => {
    expect(readCall("slipway", ["--config=/c", "--tlsverify", "-H", "tcp://a", "-c", "x", "slipway", "ps"])).toEqual({
      args: ["ps"],
      config: "/c",
      engine: ["--tlsverify", "--host", "--context"],
    });
  });

  it("a flag without its value is refused", () => {
    expect(() => readCall("slipway", ["--config"])).toThrow(new InvalidInput("flag needs an argument: --config"));
  });
});

describe("as buildx", () => {
  it.each([
    ["build", ["buildx", "build", "-q", "."], ["build", "-q", "."]],
    ["its short name", ["buildx", "b", "."], ["build", "."]],
    ["bake", ["bake", "-f", "-"], ["bake", "-f", "-"]],
    ["a builder before the command", ["buildx", "--builder", "img", "build", "."], ["build", "--builder=img", "."]],
    ["and without buildx's name", ["--builder=img", "bake"], ["bake", "--builder=img"]],
    ["imagetools", ["buildx", "--builder=img", "imagetools", "inspect", "x"], ["imagetools", "inspect", "x"]],
    ["help", ["buildx", "--help"], ["--help"]],
  ])("%s becomes a command of slipway", (_, argv, expected) => {
    expect(buildxArgs(readCall("buildx", argv))).toEqual(expected);
  });

  it.each(["create", "history", "constructor"])("%s is refused, with the commands that exist", (command) => {
    expect(() => buildxArgs(readCall("buildx", ["buildx", command]))).toThrow(`no command \`${command}\``);
  });
});

it("the metadata has the fields that docker reads, and a version that compose accepts for buildx", () => {
  const { SchemaVersion, Vendor, Version } = JSON.parse(metadataOf("buildx")) as Record<string, string>;
  expect([SchemaVersion, Vendor]).toEqual(["0.1.0", "slipway"]);
  // Compose compares the version after the v with 0.17.0, part by part.
  const [major = 0, minor = 0] = (Version ?? "").slice(1).split(".").map(Number);
  expect(major > 0 || minor >= 17).toBe(true);
});
