/** The files that packages of Linux distributions install: the executable, its manual pages, the completions of three shells, and the licences of all that is in it. */
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { completionScript } from "../../src/cli/completion/scripts.ts";
import type { Shell } from "../../src/cli/completion/scripts.ts";
import { manPages } from "./man-pages.ts";
import { mustRun } from "./run.ts";

/** What a package is made of. */
export interface PackageSource {
  readonly version: string;
  readonly executable: string;
  /** Of Node. */
  readonly licence: string;
  /** Directory with LICENSE and dist/. */
  readonly root: string;
  /** Time of every file in the package, in seconds since 1970. */
  readonly epoch: string;
}

export const SUMMARY = "docker build, in an unprivileged pod in your own Kubernetes namespace";

/** Lines of at most 80 characters. */
export const DESCRIPTION = [
  "Sends a directory to an unprivileged pod, builds its Dockerfile there, and",
  "pushes the image to a registry. No daemon, and nothing to install in the",
  "cluster.",
] as const;

/** The families of distributions that packages are for. */
export type Family = "debian" | "fedora";

/** Where zsh looks for a package's completion. */
const ZSH_DIRECTORY: Readonly<Record<Family, string>> = { debian: "vendor-completions", fedora: "site-functions" };

/** Where each shell looks for a package's completion. */
export function completionPaths(family: Family): readonly (readonly [Shell, string])[] {
  return [
    ["bash", "usr/share/bash-completion/completions/slipway"],
    ["zsh", `usr/share/zsh/${ZSH_DIRECTORY[family]}/_slipway`],
    ["fish", "usr/share/fish/vendor_completions.d/slipway.fish"],
  ];
}

/** Writes the tree that is installed into `directory`. The executable and `usr` get the same modes with every umask. */
export async function writePackageFiles(directory: string, family: Family, source: PackageSource): Promise<void> {
  const { version, executable } = source;
  const add = async (path: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  };
  await mkdir(join(directory, "usr/bin"), { recursive: true });
  await copyFile(executable, join(directory, "usr/bin/slipway"));
  await chmod(join(directory, "usr/bin/slipway"), 0o755);
  for (const [name, text] of manPages(version)) {
    await add(`usr/share/man/man1/${name}.gz`, gzipSync(text, { level: 9 }));
  }
  for (const [shell, path] of completionPaths(family)) await add(path, completionScript(shell));
  await add("usr/share/doc/slipway/copyright", await licenceTexts(source));
  await mustRun("chmod", ["-R", "u=rwX,go=rX", directory]);
}

/** Slipway's own licence, those of the packages in the program, and Node's. */
export async function licenceTexts({ root, licence }: Pick<PackageSource, "root" | "licence">): Promise<string> {
  const paths = [join(root, "LICENSE"), join(root, "dist/THIRD-PARTY-LICENCES"), licence];
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return texts.join(`\n${"=".repeat(80)}\n\n`);
}
