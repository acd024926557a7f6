/**
 * Whether a work tree differs from its commit. A `git status` in the repository itself runs what the repository's configuration names: filters,
 * hooks, the transport for a missing object. So git gets a repository of our own here, with the objects and the index of the other,
 * and none of its configuration but the settings below. Filters of the user's own configuration (LFS) do run.
 */
import { join } from "node:path";
import { makeScratchDirectory, removeScratchDirectory } from "../../lib/files/scratch.ts";
import { readRegularFile } from "../../lib/files/regular-file.ts";
import { makeDirectory, replaceFile } from "../../lib/files/replace-file.ts";
import { NO_TRANSPORT } from "./git.ts";

/** Settings that decide whether a file has changed, and name no program (git-config(1), "core"). */
const SETTINGS = "^core\\.(autocrlf|checkstat|eol|filemode|ignorecase|precomposeunicode|symlinks|trustctime)$";
/** None of them has a value of another form. */
const VALUE = /^[\w-]*$/;
/** Length of a hash in a SHA-256 repository, in hexadecimal digits. */
const SHA256_DIGITS = 64;

/** Runs git and gives its standard output, or undefined when it fails. */
export type RunGit = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<string | undefined>;

/**
 * @param root of the work tree
 * @param commit that is checked out
 * @returns false also where git cannot tell, as with buildx
 */
export async function isDirty(root: string, commit: string, run: RunGit): Promise<boolean> {
  const paths = [
    "--path-format=absolute",
    "--git-path",
    "index",
    "--git-path",
    "objects",
    "--git-path",
    "info/exclude",
  ];
  const [places, settings] = await Promise.all([
    run(["-C", root, "rev-parse", ...paths], NO_TRANSPORT),
    run(["-C", root, "config", "--local", "--get-regexp", SETTINGS], NO_TRANSPORT),
  ]);
  const [index, objects, exclude] = places?.split("\n") ?? [];
  if (index === undefined || objects === undefined || exclude === undefined) return false;
  const directory = makeScratchDirectory("slipway-git-");
  try {
    makeRepository(directory, commit, await readRegularFile(exclude).catch(() => Buffer.alloc(0)));
    const changes = await run(
      [...settingArguments(settings ?? ""), "status", "--porcelain", "--ignored=no", "--untracked-files=normal"].concat(
        // Git reads the configuration of a submodule to look at its files. Its commit is enough.
        "--ignore-submodules=dirty",
      ),
      {
        ...NO_TRANSPORT,
        GIT_DIR: directory,
        GIT_WORK_TREE: root,
        GIT_INDEX_FILE: index,
        GIT_OBJECT_DIRECTORY: objects,
      },
    );
    return changes !== undefined && changes !== "";
  } finally {
    removeScratchDirectory(directory);
  }
}

function makeRepository(directory: string, commit: string, exclude: Uint8Array): void {
  const isSha256 = commit.length === SHA256_DIGITS;
  const config = `[core]\n\trepositoryformatversion = ${isSha256 ? 1 : 0}\n\tbare = false\n`;
  for (const name of ["objects", "refs", "info"]) makeDirectory(join(directory, name));
  replaceFile(join(directory, "HEAD"), `${commit}\n`, { mode: 0o600 });
  replaceFile(join(directory, "config"), config + (isSha256 ? "[extensions]\n\tobjectFormat = sha256\n" : ""), {
    mode: 0o600,
  });
  replaceFile(join(directory, "info/exclude"), exclude, { mode: 0o600 });
}

function settingArguments(settings: string): string[] {
  return settings.split("\n").flatMap((line) => {
    const [key = "", value = "true"] = line.split(" ");
    return key === "" || !VALUE.test(value) ? [] : ["-c", `${key}=${value}`];
  });
}
