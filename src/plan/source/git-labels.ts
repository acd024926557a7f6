/** Labels with the commit that an image was built from: BUILDX_GIT_LABELS, as buildx sets them (build/git.go). */
import { execFile } from "node:child_process";
import { relative } from "node:path";
import { withoutPassword } from "./git-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const TRUE_TEXT = /^(?:1|t|true)$/i;

/**
 * @param directory of the context; only the user's own, because git obeys the configuration of a repository
 * @param dockerfile absolute path
 * @returns labels as `KEY=VALUE`; empty if they are not enabled, or without a repository or git
 */
export async function gitLabels(directory: string, dockerfile: string, env: Environment): Promise<string[]> {
  const asked = env["BUILDX_GIT_LABELS"] ?? "";
  if (asked !== "full" && !TRUE_TEXT.test(asked)) return [];
  // The repository can name a program that watches its files. Do not run that program only for a label.
  const git = (...args: string[]): Promise<string | undefined> =>
    run(["-c", "core.fsmonitor=false", "-C", directory, ...args]);
  const root = await git("rev-parse", "--show-toplevel");
  if (root === undefined) return [];
  const [commit, origin, upstream, changes] = await Promise.all([
    git("rev-parse", "--verify", "--quiet", "HEAD"),
    git("remote", "get-url", "origin"),
    git("remote", "get-url", "upstream"),
    TRUE_TEXT.test(env["BUILDX_GIT_CHECK_DIRTY"] ?? "") ? git("status", "--porcelain", "--ignored=no") : "",
  ]);
  const remote = origin ?? upstream;
  const entrypoint = relative(root, dockerfile);
  return [
    ...(commit === undefined ? [] : [`org.opencontainers.image.revision=${commit}${changes ? "-dirty" : ""}`]),
    ...(remote === undefined ? [] : [`org.opencontainers.image.source=${withoutPassword(remote)}`]),
    ...(entrypoint.startsWith("..") ? [] : [`com.docker.image.source.entrypoint=${entrypoint}`]),
  ];
}

function run(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("git", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined);
    });
  });
}
