import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { clone } from "../../../../src/plan/source/clone.ts";

it("runs no hook of the cloned repository or of its submodule, though the user's hooks are at a relative path", async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-clone-"));
  onTestFinished(() => rm(root, { recursive: true }));
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const configuration = '[core]\n\thooksPath = .githooks\n[protocol "file"]\n\tallow = always\n';
  await writeFile(join(root, "gitconfig"), `${configuration}[user]\n\tname = n\n\temail = e\n`);
  vi.stubEnv("GIT_CONFIG_GLOBAL", join(root, "gitconfig"));
  const ran = join(root, "ran");
  await mkdir(ran);
  const inRepository = (name: string, ...args: string[]): string =>
    execFileSync("git", ["-c", "core.hooksPath=/dev/null", "-C", join(root, name), ...args], { encoding: "utf8" });
  for (const name of ["inner", "outer"]) {
    await mkdir(join(root, name, ".githooks"), { recursive: true });
    inRepository(name, "init", "--quiet", "--initial-branch=main");
    for (const hook of ["post-checkout", "reference-transaction", "post-index-change"]) {
      await writeFile(join(root, name, ".githooks", hook), `#!/bin/sh\ntouch ${ran}/${name}-${hook}\n`);
      await chmod(join(root, name, ".githooks", hook), 0o755);
    }
    inRepository(name, "add", ".");
    if (name === "outer") inRepository(name, "submodule", "--quiet", "add", join(root, "inner"), "sub");
    inRepository(name, "commit", "--quiet", "-m", name);
  }
  await mkdir(join(root, "clone"));
  await clone({ remote: join(root, "outer"), keepGitDir: false }, join(root, "clone"), new AbortController().signal);
  expect(await readFile(join(root, "clone/sub/.githooks/post-checkout"), "utf8")).toContain("inner-post-checkout");
  expect(await readdir(ran)).toEqual([]);
});
