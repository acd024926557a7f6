import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { releaseNotes } from "../../../scripts/release/notes.ts";

test("release notes list the commits since the last release, and all of them for the first one", async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-notes-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const git = (...args: readonly string[]) => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    expect(spawnSync("git", [...who, ...args], { cwd: root, encoding: "utf8" })).toMatchObject({ status: 0 });
  };
  const commit = (subject: string) => git("commit", "--quiet", "--allow-empty", "-m", subject);
  git("init", "--quiet");
  commit("Begin");
  commit("Add a thing");
  expect(await releaseNotes(root, "1.0.0")).toMatch(
    /^# Slipway 1\.0\.0\n\nThe first release\.\n\n- Add a thing \([0-9a-f]{9}\)\n- Begin \([0-9a-f]{9}\)\n$/,
  );
  git("tag", "v1.9.0");
  commit("Add more");
  git("tag", "v1.10.0");
  commit("Mend it");
  git("tag", "v1.11.0");
  // The tag of this release itself does not count.
  expect(await releaseNotes(root, "1.11.0")).toMatch(
    /^# Slipway 1\.11\.0\n\nChanges since v1\.10\.0:\n\n- Mend it \(\w+\)\n$/,
  );
});
