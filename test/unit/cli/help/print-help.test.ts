import { beforeAll, describe, expect, it } from "vitest";
import { Config } from "@oclif/core";
import { commandHelp, helpWidth, programHelp } from "../../../../src/cli/help/print-help.ts";
import { wrap, wrapCommand } from "../../../../src/cli/help/wrap.ts";

const ROOT = new URL("../../../..", import.meta.url).pathname;
const WIDTHS = [20, 30, 40, 60, 80, 110, 200, 300];

let config: Config;
beforeAll(async () => {
  config = await Config.load({ root: ROOT });
});

const visible = () => config.commands.filter(({ hidden }) => !hidden);
const helpOf = (id: string, width: number): string[] => commandHelp(config.findCommand(id), id, visible(), width);

/** Lines that are longer than the terminal, except for an arg of an example, which has to stay whole to be copied. */
function tooLong(lines: readonly string[], width: number): string[] {
  return lines.filter((line) => line.length > width && !/^ +(?:'.*'|"[^"]*"|\S+)(?: \\)?$/.test(line));
}

describe.each(WIDTHS)("the help for a terminal of %i columns", (width) => {
  it("has no longer line", () => {
    const lines = visible().flatMap(({ id }) => helpOf(id, width));
    expect(tooLong([...lines, ...programHelp(config, visible(), width)], width)).toEqual([]);
  });

  it("has each word of each description whole", () => {
    for (const { id, flags, summary = "" } of visible()) {
      const words = new Set(helpOf(id, width).join(" ").split(/\s+/));
      const texts = Object.values(flags).flatMap(({ hidden, description = "" }) =>
        hidden === true ? [] : [description],
      );
      // A word that is longer than the line has to be broken.
      const expected = [summary, ...texts]
        .flatMap((text) => text.split(/\s+/))
        .filter((word) => word.length <= width - 6);
      expect([
        id,
        expected.filter((word) => !words.has(word) && !words.has(`${word}.`) && !words.has(`${word}:`)),
      ]).toEqual([id, []]);
    }
  });

  it("names each flag", () => {
    // A name that is longer than the line is broken.
    const fits = (name: string): boolean => `  -x, --[no-]${name}`.length <= width;
    for (const { id, flags } of visible()) {
      const text = helpOf(id, width).join("\n");
      const names = Object.entries(flags).flatMap(([name, { hidden }]) => (hidden === true ? [] : [name]));
      const isNamed = (name: string): boolean =>
        !fits(name) || new RegExp(`^ {2,6}(?:-\\w, )?--(?:\\[no-\\])?${name}(?=[ \\[\\n]|$)`, "m").test(text);
      expect([id, names.filter((name) => !isNamed(name))]).toEqual([id, []]);
    }
  });
});

it("the help of build begins with docker's usage line, and has the commonest flags first", () => {
  const lines = helpOf("build", 80);
  expect(lines[0]).toBe("Usage:  slipway build [OPTIONS] PATH | URL | -");
  const flags = lines
    .slice(lines.indexOf("Options:"))
    .flatMap((line) => /^ +(?:-\w, )?(--[a-z-]+)/.exec(line)?.[1] ?? []);
  expect(flags.slice(0, 6)).toEqual(["--tag", "--file", "--build-arg", "--target", "--builder", "--namespace"]);
});

it.each([
  ["ps", "Usage:  slipway ps [OPTIONS]"],
  ["cancel", "Usage:  slipway cancel [OPTIONS] [BUILD...]"],
  ["keep:stop", "Usage:  slipway keep stop [OPTIONS] [BUILDER...]"],
  ["completion", "Usage:  slipway completion SHELL"],
  ["imagetools", "Usage:  slipway imagetools COMMAND"],
])("the help of %s begins with %s", (id, line) => {
  expect(helpOf(id, 80)[0]).toBe(line);
});

it.each([
  [{ columns: 90 }, {}, 90],
  [{ columns: 5 }, {}, 20],
  [{ columns: 0 }, {}, 80],
  [{}, { COLUMNS: "300" }, 300],
  [{}, { COLUMNS: "many" }, 80],
  [{}, {}, 80],
])("the width of %j with %j is %i", (stream, env, width) => {
  expect(helpWidth(stream, env)).toBe(width);
});

it("a word that is longer than a line is broken after a sign, and else at the line's end", () => {
  expect(wrap("id=ID[,src=FILE|,env=NAME] abcdefghijklmnop", 10)).toEqual([
    "id=ID[,",
    "src=FILE|,",
    "env=NAME]",
    "abcdefghij",
    "klmnop",
  ]);
});

it("a command is broken between its args, as a shell takes it", () => {
  expect(wrapCommand("slipway build -t app --label 'a b' .", 20)).toEqual([
    "slipway build -t \\",
    "  app --label \\",
    "  'a b' .",
  ]);
});
