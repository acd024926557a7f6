import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { readCommands } from "../../../docs/generate/manifest.ts";
import { bashCompletion } from "../../../scripts/release/completions.ts";
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

describe("completion for bash", () => {
  const complete = (...typed: readonly string[]): string[] => {
    const words = typed.map((word) => `'${word}'`).join(" ");
    const script = `${bashCompletion()}\nCOMP_WORDS=(slipway ${words}) COMP_CWORD=${typed.length}; _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    return stdout.trim().split("\n");
  };

  test.each([
    [["bu"], ["build", "builders"]],
    [
      ["cache", ""],
      ["ls", "rm"],
    ],
    [["build", "-t", "x", "--plat"], ["--platform"]],
    [["keep", "st"], ["stop"]],
    [["wait", "--he"], ["--help"]],
  ])("of %j is %j", (typed, expected) => {
    expect(complete(...typed)).toEqual(expect.arrayContaining(expected));
    for (const found of complete(...typed)) expect(found.startsWith(typed.at(-1) ?? "")).toBe(true);
  });
});
