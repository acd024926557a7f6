/** Labels that say which commit an image was built from: BUILDX_GIT_LABELS, as buildx sets them (build/git.go). */
import { execFile } from "node:child_process";
import { relative } from "node:path";
import { withoutPassword } from "./git-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const TRUE_TEXT = /^(?:1|t|true)$/i;

/**
 * @param directory of the context, one of the user's own: git obeys a repository's configuration
 * @param dockerfile absolute path
 * @returns label texts; none where they are not asked for, or there is no repository or git
 */
export async function gitLabels(directory: string, dockerfile: string, env: Environment): Promise<string[]> {
  const asked = env["BUILDX_GIT_LABELS"] ?? "";
  if (asked !== "full" && !TRUE_TEXT.test(asked)) return [];
  // A program the repository names for watching its files is nothing to run for a label.
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
  const way = relative(root, dockerfile);
  return [
    ...(commit === undefined ? [] : [`org.opencontainers.image.revision=${commit}${changes ? "-dirty" : ""}`]),
    ...(remote === undefined ? [] : [`org.opencontainers.image.source=${withoutPassword(remote)}`]),
    ...(way.startsWith("..") ? [] : [`com.docker.image.source.entrypoint=${way}`]),
  ];
}

function run(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("git", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined);
    });
  });
}
