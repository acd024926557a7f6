/** How often the daemon collects garbage, by the memory of its container: a real shell reads the files of a control group. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { COLLECT_LESS_OFTEN } from "../../../../src/builders/buildkit/buildkit.ts";

const SECOND_VERSION = "memory.max";
const FIRST_VERSION = "memory/memory.limit_in_bytes";

let groups: string;
beforeEach(async () => {
  groups = await mkdtemp(join(tmpdir(), "slipway-memory-"));
});
afterEach(() => rm(groups, { recursive: true, force: true }));

/** Returns what the script exports, and what it prints beside. */
function settings(env: NodeJS.ProcessEnv = {}): string {
  const script = `set -e\n${COLLECT_LESS_OFTEN.replaceAll("/sys/fs/cgroup", groups)}echo "$GOGC $GOMEMLIMIT"`;
  const { stdout, stderr } = spawnSync("sh", ["-c", script], {
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return (stdout + stderr).trim();
}

async function limit(file: string, value: string): Promise<void> {
  await mkdir(dirname(join(groups, file)), { recursive: true });
  await writeFile(join(groups, file), `${value}\n`);
}

const MORE = "400 1GiB";
const DEFAULT = "";

it.each([
  ["no limit", SECOND_VERSION, "max", MORE],
  ["4 GiB", SECOND_VERSION, "4294967296", MORE],
  ["no limit in a control group of version 1", FIRST_VERSION, "9223372036854771712", MORE],
  ["512 MiB", SECOND_VERSION, "536870912", DEFAULT],
  ["less than 4 GiB", SECOND_VERSION, "4294967295", DEFAULT],
  ["512 MiB in a control group of version 1", FIRST_VERSION, "536870912", DEFAULT],
  ["something else", SECOND_VERSION, "a lot", DEFAULT],
])("lets the daemon use more memory only where there is enough: %s", async (_, file, value, set) => {
  await limit(file, value);
  expect(settings()).toBe(set);
});

it("leaves Go's default where the limit cannot be read", () => {
  expect(settings()).toBe("");
});

it("leaves what a pod template has set", async () => {
  await limit(SECOND_VERSION, "max");
  expect(settings({ GOGC: "50", GOMEMLIMIT: "2GiB" })).toBe("50 2GiB");
});
