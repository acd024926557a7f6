/** Release notes from the subjects of the commits since the last release. */
import { mustRun } from "./run.ts";

/**
 * @param root the repository
 * @returns Markdown. The last release is the newest tag `v…` before this commit; without one, all commits are listed
 */
export async function releaseNotes(root: string, version: string): Promise<string> {
  const git = async (...args: readonly string[]): Promise<string> => mustRun("git", args, { cwd: root });
  const tags = (
    await git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD", "--no-contains", "HEAD")
  )
    .split("\n")
    .filter((tag) => tag !== "");
  const [last] = tags;
  const range = last === undefined ? "HEAD" : `${last}..HEAD`;
  const changes = (await git("log", "--no-merges", "--format=- %s (%h)", "--abbrev=9", range)).trimEnd();
  const since = last === undefined ? "The first release." : `Changes since ${last}:`;
  return `# Slipway ${version}\n\n${since}\n\n${changes}\n`;
}
