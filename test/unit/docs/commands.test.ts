/** What the pages tell a reader to type is what the commands understand, and what they tell to write can be read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { readCommands } from "../../../docs/generate/manifest.ts";
import type { ManifestCommand } from "../../../docs/generate/manifest.ts";
import { fences, pagePaths } from "../../../docs/generate/markdown.ts";
import { readArguments } from "../../../src/lib/pflag/argv.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PAGES = ["README.md", "CONTRIBUTING.md", ...pagePaths(join(ROOT, "docs")).map((path) => join("docs", path))];
const COMMANDS = readCommands();
const SHELL = new Set(["sh", "yaml", "groovy", "", "makefile"]);

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/**
 * The `slipway …` command lines of a text, up to a pipe, a redirection, a comment or the end of a substitution.
 * @returns the words of each, without quotes; variables stay as they are
 */
function commandLines(text: string): string[][] {
  const joined = text
    .replaceAll(/\\\n\s*/g, " ")
    .replaceAll(/>-\n((?: +.*\n?)+)/g, (_, block: string) => ` ${block.replaceAll(/\n\s*/g, " ")}\n`);
  const starts = joined.matchAll(/(?:^|[\s('"`;|&]|\$\()slipway (?=[a-z-])([^\n]*)/g);
  return [...starts]
    .filter(({ index }) => !isComment(joined, index))
    .map(([, rest = ""]) => wordsOf(rest))
    .filter((words) => !/^\d|^on$/.test(words[0] ?? ""));
}

/** Whether the place is in a comment of its line. */
function isComment(text: string, at: number): boolean {
  return /(?:^|\s)#/.test(text.slice(text.lastIndexOf("\n", at - 1) + 1, at));
}

/** As a shell splits them. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(
    /(?:"(?:\\.|[^"])*"|'[^']*'|\$\{\{.*?\}\}|\$\([^)]*\)|[^\s"'|;&<>()])+|[|;&<>()]+|['"]/g,
  )) {
    if (/^[|;&<>()'"]/.test(word) && !/^["'].+["']$/.test(word)) break;
    if (word.startsWith("#")) break;
    words.push(word.replaceAll(/["']/g, ""));
  }
  return words;
}

function commandOf(words: readonly string[]): [ManifestCommand, readonly string[]] | undefined {
  const [first = "", second = ""] = words;
  const two = COMMANDS.get(`${first}:${second}`);
  if (two !== undefined) return [two, words.slice(2)];
  const one = COMMANDS.get(first);
  return one === undefined ? undefined : [one, words.slice(1)];
}

/** Why the command would not read these words; undefined if it would. */
function fault(words: readonly string[]): string | undefined {
  const found = commandOf(words);
  if (found === undefined) return "no such command";
  const [command, rest] = found;
  const flags = Object.fromEntries(
    Object.entries(command.flags ?? {}).flatMap(([name, flag]) => [
      [name, { takesValue: flag.type === "option", char: flag.char, multiple: flag.multiple }],
      ...(flag.allowNo === true ? [[`no-${name}`, { takesValue: false }]] : []),
    ]),
  );
  const given = rest.filter((word) => !/^(?:…|\[.*|.*…)$/.test(word));
  try {
    readArguments(given, { ...flags, help: { takesValue: false, char: "h" } });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("the documentation", () => {
  it("has no command line that slipway cannot read", () => {
    const lines = PAGES.flatMap((page) =>
      fences(read(page))
        .filter(({ language }) => SHELL.has(language))
        .flatMap(({ code, line }) => commandLines(code).map((words) => ({ at: `${page}:${line}`, words }))),
    );
    expect(lines.length).toBeGreaterThan(80);
    const faults = lines.map(({ at, words }) => ({ at, command: words.join(" "), fault: fault(words) }));
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });

  it("names no flag of slipway's in its text that no command has", () => {
    const known = new Set(["help", ...[...COMMANDS.values()].flatMap(({ flags }) => Object.keys(flags ?? {}))]);
    const unknown = PAGES.flatMap((page) =>
      [...read(page).matchAll(/`slipway [a-z]+(?: [a-z]+)?((?: --?[a-z-]+)+)/g)].flatMap(([, flags = ""]) =>
        [...flags.matchAll(/--([a-z-]+)/g)].flatMap(([, name = ""]) => (known.has(name) ? [] : [`${page}: --${name}`])),
      ),
    );
    expect(unknown).toEqual([]);
  });

  it("has no YAML that cannot be parsed", () => {
    const blocks = PAGES.flatMap((page) =>
      fences(read(page))
        .filter(({ language }) => language === "yaml")
        .map((fence) => ({ ...fence, page })),
    );
    expect(blocks.length).toBeGreaterThan(5);
    for (const { code, page, line } of blocks) {
      expect(() => loadAll(code), `${page}:${line}`).not.toThrow();
    }
  });

  it("has CI files with the parts that these systems read", () => {
    const pages = fences(read("docs/guides/ci.md"))
      .filter(({ language }) => language === "yaml")
      .map(({ code }) => load(code) as Record<string, unknown>);
    expect(pages).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ jobs: { build: expect.objectContaining({ steps: expect.any(Array) }) } }),
        expect.objectContaining({ image: expect.objectContaining({ extends: ".slipway" }) }),
        expect.objectContaining({ kind: "TaskRun" }),
      ]),
    );
    expect(load(read("integrations/gitlab/slipway.gitlab-ci.yml"))).toMatchObject({
      ".slipway": { script: expect.arrayContaining([expect.stringMatching(/^slipway build /)]) },
    });
    expect(load(read("integrations/tekton/task.yaml"))).toMatchObject({
      kind: "Task",
      spec: { steps: [{ script: expect.stringContaining("slipway build") }] },
    });
  });

  it("hands inputs to the GitHub Action that it has", () => {
    const { inputs } = load(read("integrations/github/action.yml")) as { inputs: object };
    const uses = fences(read("docs/guides/ci.md")).flatMap(({ code }) =>
      code.includes("uses: ./.github/actions/slipway") ? [load(code) as Workflow] : [],
    );
    const given = uses.flatMap(({ jobs }) => jobs.build.steps.flatMap((step) => Object.keys(step.with ?? {})));
    expect(given.length).toBeGreaterThan(3);
    expect(given.filter((name) => !(name in inputs))).toEqual([]);
  });
});

interface Workflow {
  readonly jobs: { readonly build: { readonly steps: readonly { readonly with?: object }[] } };
}

describe("a command line in a page", () => {
  it.each([
    ["slipway build -t a . | tee log", [["build", "-t", "a", "."]]],
    ["x=$(slipway build --detach -t a .)", [["build", "--detach", "-t", "a", "."]]],
    ["slipway build \\\n  -t a .   # why", [["build", "-t", "a", "."]]],
    ['echo "$P" | slipway login -u ci --password-stdin "$R"', [["login", "-u", "ci", "--password-stdin", "$R"]]],
    ["- run: >-\n    slipway build\n    -t a:${{ github.sha }} .\n", [["build", "-t", "a:${{ github.sha }}", "."]]],
  ])("%j is found", (text, words) => {
    expect(commandLines(text)).toEqual(words);
  });

  it.each([["build --tagg a ."], ["buidl ."], ["ps --follow"], ["build . -t"]])("%s is refused", (line) => {
    expect(fault(line.split(" "))).toBeDefined();
  });
});
