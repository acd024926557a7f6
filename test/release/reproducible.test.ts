/**
 * A second run of `make release` gives the same bytes, of files without compiled code. Compiled code differed in two bits of two runs, and so
 * did the executables and what has them inside.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSums } from "../../scripts/release/sums.ts";
import { RELEASE, ROOT } from "./artefacts.ts";

let second = "";

beforeAll(async () => {
  second = await mkdtemp(join(tmpdir(), "slipway-second-"));
});
afterAll(() => rm(second, { recursive: true, force: true }));

test("a second release has the npm package, the SBOM and the notes of the first one, byte for byte", async () => {
  // Another umask and another time zone, as on another machine.
  const command = `umask 077; exec node scripts/release/release.ts --target linux-x64 --out "$1"`;
  const { status, stderr } = spawnSync("bash", ["-c", command, "bash", second], {
    cwd: ROOT,
    env: { ...process.env, TZ: "Asia/Tokyo" },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  const [first, again] = await Promise.all([readSums(RELEASE), readSums(second)]);
  const names = [...again.keys()].filter((name) => /\.(?:tgz|spdx\.json|md)$/.test(name));
  expect(names).toHaveLength(3);
  for (const name of names) expect([name, again.get(name)]).toEqual([name, first.get(name)]);
});
