/** A repository in which each build shows which commit it got. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "../../conformance/builders/git-server.ts";
import { BUSYBOX } from "./build.ts";

/**
 * `which.txt`, at the root and below `app`, names the commit: `one` has the tag v1, `two` is main's, `three` is dev's.
 * @param then instructions after `COPY which.txt /` in the Dockerfile at the root
 * @returns the hash of the first commit
 */
export async function makeThreeCommits(work: string, git: Git, then: string): Promise<string> {
  await mkdir(join(work, "app"));
  await writeFile(join(work, "Dockerfile"), `FROM ${BUSYBOX}\nCOPY which.txt /\n${then}\n`);
  await writeFile(join(work, "app/Dockerfile.web"), `FROM ${BUSYBOX}\nCOPY . /\n`);
  await writeFile(join(work, "app/.dockerignore"), "*.log\n");
  await writeFile(join(work, "app/left-out.log"), "log");
  const commit = async (which: string): Promise<string> => {
    await writeFile(join(work, "which.txt"), `${which}\n`);
    await writeFile(join(work, "app/which.txt"), `${which} below\n`);
    await git("add", ".");
    await git("commit", "-q", "-m", which);
    return (await git("rev-parse", "HEAD")).trim();
  };
  const first = await commit("one");
  await git("tag", "v1");
  await commit("two");
  await git("checkout", "-q", "-b", "dev");
  await commit("three");
  await git("checkout", "-q", "main");
  return first;
}
