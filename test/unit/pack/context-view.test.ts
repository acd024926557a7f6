import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ContextView } from "../../../src/pack/context-view.ts";
import { printExplanation } from "../../../src/cli/print/context-report.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-view-"));
  for (const name of ["a.txt", "b.log"]) await writeFile(join(root, name), "");
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function explain(path: string, ignoreFile?: string): Promise<string> {
  const context = { root, ignoreFile: ignoreFile === undefined ? undefined : Buffer.from(ignoreFile) };
  const dockerfile = { path: "Dockerfile", text: "FROM scratch\nCOPY . /" };
  const facts = { context, dockerfile, buildArgs: [], sendAll: false };
  const view = await ContextView.open(facts, new AbortController().signal);
  return printExplanation(view.explain(path)).trimEnd();
}

it.each([
  ["a.txt", undefined, "a.txt is sent: there is no .dockerignore"],
  ["a.txt", "*.log", "a.txt is sent: no rule of .dockerignore matches it"],
  ["b.log", "# logs\n*.log", "b.log is left out: .dockerignore line 2: *.log"],
  ["./b.log", "*.log\n!b.log", "b.log is sent: .dockerignore line 2: !b.log"],
  ["d/e/f", "d", "d/e/f is left out: .dockerignore line 1: d, which matches d (the file does not exist)"],
])("says which rule decides about %s under %j", async (path, rules, said) => {
  expect(await explain(path, rules)).toBe(said);
});

it("an absolute path within the context is accepted", async () => {
  expect(await explain(join(root, "b.log"), "*.log")).toMatch(/^b\.log is left out/);
});

it.each(["..", "../x", "/etc/passwd", "."])("refuses %s", async (path) => {
  await expect(explain(path)).rejects.toThrow(/is (?:outside of the context|the context itself)/);
});
