import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
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

it("no program from the repository's configuration, attributes or hooks runs", async () => {
  const { root, commit } = await repository();
  const ran = await mkdtemp(join(tmpdir(), "slipway-ran-"));
  onTestFinished(() => rm(ran, { recursive: true }));
  const git = (...args: string[]): string => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" });
  const trap = async (name: string): Promise<string> => {
    const path = join(root, ".git/hooks", name);
    await mkdir(join(root, ".git/hooks"), { recursive: true });
    await writeFile(path, `#!/bin/sh\ntouch ${join(ran, name)}\ncat\n`);
    await chmod(path, 0o755);
    return path;
  };
  git("config", "filter.x.clean", await trap("clean"));
  git("config", "filter.y.process", await trap("process"));
  git("config", "core.fsmonitor", await trap("fsmonitor"));
  git("config", "core.sshCommand", await trap("ssh"));
  git("config", "core.pager", await trap("pager"));
  git("config", "status.submoduleSummary", "true");
  for (const hook of ["post-index-change", "post-checkout", "reference-transaction"]) await trap(hook);
  // A commit that is not there would be fetched by the transport that the configuration names.
  git("config", "remote.origin.promisor", "true");
  git("config", "remote.origin.url", `ext::${await trap("transport")}`);
  git("config", "protocol.ext.allow", "always");
  await writeFile(join(root, ".gitattributes"), "Dockerfile filter=x\n*.txt filter=y\n");
  await writeFile(join(root, "Dockerfile"), "FROM b\n");
  await writeFile(join(root, "new.txt"), "new");
  const labels = await gitLabels(root, join(root, "Dockerfile"), {
    BUILDX_GIT_LABELS: "1",
    BUILDX_GIT_CHECK_DIRTY: "1",
  });
  expect(labels[0]).toBe(`org.opencontainers.image.revision=${commit}-dirty`);
  expect(await readdir(ran)).toEqual([]);
  // The traps are armed: git itself runs them.
  execFileSync("git", ["-C", root, "status", "--porcelain"], { stdio: "ignore" });
  expect(await readdir(ran)).toEqual(expect.arrayContaining(["clean", "fsmonitor"]));
});

it("a work tree is dirty by its own exclude file, settings and index", async () => {
  const { root } = await repository();
  const env = { BUILDX_GIT_LABELS: "1", BUILDX_GIT_CHECK_DIRTY: "1" };
  const isDirty = async (): Promise<boolean> =>
    (await gitLabels(root, join(root, "Dockerfile"), env))[0]?.endsWith("-dirty") === true;
  expect(await isDirty()).toBe(false);
  await writeFile(join(root, ".git/info/exclude"), "*.log\n");
  await writeFile(join(root, "a.log"), "");
  expect(await isDirty()).toBe(false);
  await chmod(join(root, "Dockerfile"), 0o755);
  expect(await isDirty()).toBe(true);
  execFileSync("git", ["-C", root, "config", "core.filemode", "false"]);
  expect(await isDirty()).toBe(false);
  await writeFile(join(root, "staged"), "");
  execFileSync("git", ["-C", root, "add", "staged"]);
  expect(await isDirty()).toBe(true);
});
