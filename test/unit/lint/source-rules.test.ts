/** The rules for the source, in the linter itself. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const RULES = new URL("../../lint/source-rules.ts", import.meta.url).pathname;
const OXLINT = new URL("../../../node_modules/.bin/oxlint", import.meta.url).pathname;

/** The lines that a rule refuses. */
async function refusedLines(rule: string, lines: readonly string[]): Promise<number[]> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-lint-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const config = {
    jsPlugins: [RULES],
    categories: { correctness: "off" },
    rules: { [`slipway-source/${rule}`]: "error" },
  };
  await writeFile(join(directory, ".oxlintrc.json"), JSON.stringify(config));
  await writeFile(join(directory, "a.ts"), lines.join("\n"));
  const { stdout, stderr } = spawnSync(OXLINT, ["--format=unix", "."], { cwd: directory, encoding: "utf8" });
  expect(stderr).toBe("");
  const found = [...stdout.matchAll(/a\.ts:(\d+):\d+: /g)].map(([, line]) => Number(line));
  return [...new Set(found)].sort((a, b) => a - b);
}

test("an expression that can take more than linear time is refused, and one made at run time", async () => {
  const refused = [
    "a(/(x+)+y/);",
    "a(/^(?:a|a)*$/);",
    "a(/\\s+$/);",
    "a(/foo.*bar/);",
    "a(/^.*foo.*bar/);",
    "a(/^(?:ab|abab)*c$/);",
    "a(/<([^>]+)>;/);",
    "a(new RegExp(text));",
    'a(RegExp("x", "g"));',
  ];
  const allowed = [
    "a(/^foo.*bar/);",
    "a(/foo.*/);",
    "a(/^\\w+ \\w+$/);",
    'a(/"([^"]*)"/g);',
    "a(/[a-z]+=/y);",
    "a(/^\\s+/);",
  ];
  expect(await refusedLines("linear-regexp", [...refused, ...allowed])).toEqual(refused.map((_, index) => index + 1));
});

test("writing to the terminal past its one exit is refused", async () => {
  const refused = [
    'process.stdout.write("x");',
    'process["stderr"].write(text);',
    "globalThis.process.stdout.end(text);",
    "console.log(text);",
    "const out = process.stdout;",
    "class A { b() { this.log(text); } }",
  ];
  const allowed = [
    "view(process.stderr);",
    "process.stdout.once('error', stop);",
    "stream.write(text);",
    "a(process.stdout.isTTY);",
  ];
  expect(await refusedLines("one-exit", [...refused, ...allowed])).toEqual(refused.map((_, index) => index + 1));
});
