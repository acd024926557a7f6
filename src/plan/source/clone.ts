/** Clones a repository with the user's own git, configuration and credentials. Fetches only the history that is needed. */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { ProgramNotFound } from "../../lib/files/find-program.ts";
import { publicUrl, withPublicUrls } from "../../lib/text/public-url.ts";
import type { GitSource } from "./git-url.ts";
import { startGit } from "./git.ts";

/** @throws InvalidInput if git is not installed or fails; the signal's reason when aborted */
export async function clone(source: GitSource, directory: string, signal: AbortSignal): Promise<void> {
  const git = (...args: string[]): Promise<string> => runGit(source, ["-C", directory, ...args], signal);
  await git("init", "--quiet");
  await git("remote", "add", "origin", "--", source.remote);
  const commit = await fetchCommit(source, git, signal);
  await git("checkout", "--quiet", "--detach", commit);
  const head = (await git("rev-parse", "HEAD")).trim();
  if (source.commit !== undefined && !head.startsWith(source.commit)) {
    throw new InvalidInput(`expected checksum to match ${source.commit}, got ${head}`, { docker: "refuses" });
  }
  if (source.submodules !== false && (await isThere(join(directory, ".gitmodules")))) {
    await git("submodule", "update", "--quiet", "--init", "--recursive", "--depth=1");
  }
  if (!source.keepGitDir) await rm(join(directory, ".git"), { recursive: true, force: true });
}

/** Fetches only the commit. If the server refuses that (for a short hash, or without shallow fetches), fetches all branches and tags. */
async function fetchCommit(
  source: GitSource,
  git: (...args: string[]) => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  const wanted = source.ref ?? source.commit ?? "HEAD";
  try {
    await git("fetch", "--quiet", "--depth=1", "--no-tags", "--", "origin", wanted);
    return "FETCH_HEAD";
  } catch {
    signal.throwIfAborted();
  }
  await git(
    "fetch",
    "--quiet",
    "--tags",
    "--",
    "origin",
    "+refs/heads/*:refs/remotes/origin/*",
    "+HEAD:refs/slipway/head",
  );
  for (const name of wanted === "HEAD"
    ? ["refs/slipway/head"]
    : [`refs/remotes/origin/${wanted}`, `refs/tags/${wanted}`, wanted]) {
    const found = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`).catch(() => "");
    if (found !== "") return found.trim();
  }
  throw new InvalidInput(`${publicUrl(source.remote)} has no ref ${wanted}`, {
    docker: "refuses",
    suggestions: ["Name a branch, a tag or a commit after the #."],
  });
}

async function runGit(source: GitSource, args: readonly string[], signal: AbortSignal): Promise<string> {
  // Without a terminal nobody could answer a question.
  const prompt = process.stderr.isTTY ? {} : { GIT_TERMINAL_PROMPT: "0" };
  const child = startForClone(args, { ...process.env, ...prompt, LC_ALL: "C" }, signal);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.on("close", (code) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new InvalidInput(`git could not fetch ${publicUrl(source.remote)}: ${lastMessage(stderr, source)}`, {
            docker: "refuses",
          }),
        );
    });
  });
}

function startForClone(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): ReturnType<typeof startGit> {
  try {
    return startGit(args, { env, signal });
  } catch (error) {
    if (!(error instanceof ProgramNotFound)) throw error;
    throw new InvalidInput("the context is a repository, and git is not installed here", {
      suggestions: ["Install git, or clone the repository elsewhere and give the directory."],
    });
  }
}

function lastMessage(stderr: string, { remote }: GitSource): string {
  // git may name other URLs than the one it was given: of submodules, or where the server redirects to.
  const lines = withPublicUrls(stderr.replaceAll(remote, publicUrl(remote)))
    .split("\n")
    .filter((line) => line.trim() !== "");
  return (lines.find((line) => line.startsWith("fatal:")) ?? lines.at(-1) ?? "git printed no reason").replace(
    /^fatal: /,
    "",
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
