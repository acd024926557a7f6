import { expect, it, describe } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { buildxWords, metadataOf, readCall } from "../../../../src/cli/plugin/docker-plugin.ts";
import type { PluginName } from "../../../../src/cli/plugin/docker-plugin.ts";

const words = (name: PluginName, ...argv: string[]) => readCall(name, argv).words;

describe("what docker calls a plugin with", () => {
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
  ])("%s", (_, name, argv, rest) => {
    expect(words(name, ...argv)).toEqual(rest);
  });

  it("says where docker's configuration is, and what was said of an engine", () => {
    expect(readCall("slipway", ["--config=/c", "--tlsverify", "-H", "tcp://a", "-c", "x", "slipway", "ps"])).toEqual({
      words: ["ps"],
      config: "/c",
      engine: ["--tlsverify", "--host", "--context"],
    });
  });

  it("may lack a value", () => {
    expect(() => readCall("slipway", ["--config"])).toThrow(new InvalidInput("flag needs an argument: --config"));
  });
});

describe("in buildx's place", () => {
  it.each([
    ["build", ["buildx", "build", "-q", "."], ["build", "-q", "."]],
    ["its short name", ["buildx", "b", "."], ["build", "."]],
    ["bake", ["bake", "-f", "-"], ["bake", "-f", "-"]],
    ["a builder before the command", ["buildx", "--builder", "img", "build", "."], ["build", "--builder=img", "."]],
    ["and without buildx's name", ["--builder=img", "bake"], ["bake", "--builder=img"]],
    ["help", ["buildx", "--help"], ["--help"]],
  ])("%s", (_, argv, expected) => {
    expect(buildxWords(readCall("buildx", argv))).toEqual(expected);
  });

  it.each(["create", "imagetools", "constructor"])("%s is refused with what there is", (command) => {
    expect(() => buildxWords(readCall("buildx", ["buildx", command]))).toThrow(`no \`${command}\``);
  });
});

it("tells docker what docker asks for, in a version compose accepts for buildx", () => {
  const { SchemaVersion, Vendor, Version } = JSON.parse(metadataOf("buildx")) as Record<string, string>;
  expect([SchemaVersion, Vendor]).toEqual(["0.1.0", "slipway"]);
  // Compose compares what follows the v with 0.17.0, part by part.
  const [major = 0, minor = 0] = (Version ?? "").slice(1).split(".").map(Number);
  expect(major > 0 || minor >= 17).toBe(true);
});
