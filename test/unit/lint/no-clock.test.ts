/** The rule that keeps clocks out of tests, in the linter itself. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const RULE = new URL("../../lint/no-clock.ts", import.meta.url).pathname;
const OXLINT = new URL("../../../node_modules/.bin/oxlint", import.meta.url).pathname;

/** Each in a line of its own. */
const REFUSED = [
  "const started = performance.now();",
  "const other = globalThis.performance.now();",
  "const { now } = performance;",
  "const long = process.hrtime.bigint();",
  'const spent = process["cpuUsage"]();',
  'import { hrtime } from "node:process";',
  "expect(Date.now() - begin).toBeLessThan(5000);",
  "expect(new Date().getTime() - begin).toBeLessThan(5000);",
  "expect(Date.now()).toBeLessThan(limit);",
  "while (Date.now() < limit) step();",
  "const age = +new Date() - Date.parse(made);",
  "console.time(name);",
];

const ALLOWED = [
  "const weekAgo = new Date(Date.now() - 7 * 24 * 3600 * 1000);",
  "vi.setSystemTime(Date.now() + 3_600_000);",
  "const name = `test-${Date.now().toString(36)}`;",
  "await expect.poll(look).toBe(true);",
  "expect(then - before).toBe(2);",
];

test("a clock that measures is refused wherever it stands in a test, a date is not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-lint-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const config = { jsPlugins: [RULE], categories: { correctness: "off" }, rules: { "slipway/no-clock": "error" } };
  await writeFile(join(directory, ".oxlintrc.json"), JSON.stringify(config));
  await writeFile(join(directory, "a.ts"), [...REFUSED, ...ALLOWED].join("\n"));
  const { stdout, stderr } = spawnSync(OXLINT, ["--format=unix", "."], { cwd: directory, encoding: "utf8" });
  const lines = [...stdout.matchAll(/a\.ts:(\d+):\d+: A test measures no time/g)].map(([, line]) => Number(line));
  expect({ lines: [...new Set(lines)].sort((a, b) => a - b), stderr }).toEqual({
    lines: REFUSED.map((_, index) => index + 1),
    stderr: "",
  });
});
