import { describe, expect, test } from "vitest";
import { readCommands } from "../../../docs/generate/manifest.ts";
import { manPages } from "../../../scripts/release/man-pages.ts";

const shown = [...readCommands().values()].filter(({ hidden }) => hidden !== true);
const pages = manPages("1.2.3");

describe("manual pages", () => {
  test("there is a page for every command that the help lists, and one of slipway itself", () => {
    const names = shown.map(({ id }) => `slipway-${id.replaceAll(":", "-")}.1`);
    expect([...pages.keys()]).toEqual(["slipway.1", ...names]);
  });

  test("a page names every flag of its command", () => {
    const missing = shown.flatMap(({ id, flags = {} }) => {
      const page = pages.get(`slipway-${id.replaceAll(":", "-")}.1`)?.replaceAll("\\-", "-") ?? "";
      const names = Object.values(flags).flatMap(({ name, hidden }) => (hidden === true ? [] : [name]));
      return names.filter((name) => !page.includes(`--${name}`)).map((name) => `${id} --${name}`);
    });
    expect(missing).toEqual([]);
  });

  test("no template of the manifest and no line that roff would take for a command is left", () => {
    const all = [...pages.values()].join("");
    expect(all).not.toContain("<%");
    const commands = all.split("\n").filter((line) => /^[.']/.test(line));
    expect(commands.filter((line) => !/^\.(?:TH|SH|TP|PP|nf|fi)\b/.test(line))).toEqual([]);
  });
});
