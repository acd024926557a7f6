import { execFileSync } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { gitLabels } from "../../../../src/plan/source/git-labels.ts";

async function repository(): Promise<{ root: string; commit: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "slipway-git-")));
  onTestFinished(() => rm(root, { recursive: true }));
  const git = (...args: string[]): string => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
  git("init", "--quiet");
  await writeFile(join(root, "Dockerfile"), "FROM a\n");
  git("add", ".");
  git("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "m");
  git("remote", "add", "origin", "https://jane:secret@git.example/app.git");
  return { root, commit: git("rev-parse", "HEAD") };
}

it("labels say commit, remote and Dockerfile when they are asked for, and no password", async () => {
  const { root, commit } = await repository();
  const labels = (env: Record<string, string>): Promise<string[]> => gitLabels(root, join(root, "Dockerfile"), env);
  expect(await labels({})).toEqual([]);
  expect(await labels({ BUILDX_GIT_LABELS: "0" })).toEqual([]);
  const all = [
    `org.opencontainers.image.revision=${commit}`,
    "org.opencontainers.image.source=https://git.example/app.git",
    "com.docker.image.source.entrypoint=Dockerfile",
  ];
  expect(await labels({ BUILDX_GIT_LABELS: "full" })).toEqual(all);
  await writeFile(join(root, "new"), "");
  expect(await labels({ BUILDX_GIT_LABELS: "1" })).toEqual(all);
  expect((await labels({ BUILDX_GIT_LABELS: "1", BUILDX_GIT_CHECK_DIRTY: "1" }))[0]).toBe(`${all[0]}-dirty`);
});

it("there are none outside of a repository", async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-git-"));
  onTestFinished(() => rm(root, { recursive: true }));
  expect(await gitLabels(root, join(root, "Dockerfile"), { BUILDX_GIT_LABELS: "1" })).toEqual([]);
});
