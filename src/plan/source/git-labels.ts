/** Labels with the commit that an image was built from: BUILDX_GIT_LABELS, as buildx sets them (build/git.go). */
import { once } from "node:events";
import { isDirty } from "./git-dirty.ts";
import { publicUrl } from "../../lib/text/public-url.ts";
import { NO_TRANSPORT, startGit } from "./git.ts";
import { pathBelow } from "../../lib/files/path-below.ts";

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
  const git = (...args: string[]): Promise<string | undefined> => run(["-C", directory, ...args], NO_TRANSPORT);
  const root = await git("rev-parse", "--show-toplevel");
  if (root === undefined) return [];
  const [commit, origin, upstream] = await Promise.all([
    git("rev-parse", "--verify", "--quiet", "HEAD"),
    git("remote", "get-url", "origin"),
    git("remote", "get-url", "upstream"),
  ]);
  const changes =
    commit !== undefined && TRUE_TEXT.test(env["BUILDX_GIT_CHECK_DIRTY"] ?? "") && (await isDirty(root, commit, run));
  const remote = origin ?? upstream;
  const entrypoint = pathBelow(root, dockerfile);
  return [
    ...(commit === undefined ? [] : [`org.opencontainers.image.revision=${commit}${changes ? "-dirty" : ""}`]),
    ...(remote === undefined ? [] : [`org.opencontainers.image.source=${publicUrl(remote)}`]),
    ...(entrypoint === undefined ? [] : [`com.docker.image.source.entrypoint=${entrypoint}`]),
  ];
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const child = startGit(args, { env });
    child.stderr.resume();
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0 ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
