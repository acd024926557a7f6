/** An archive for each platform, as krew, Homebrew and Scoop fetch it: the executable and the licences. */
import { chmod, copyFile, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import type { Target } from "./node-packages.ts";
import { licenceTexts } from "./package-files.ts";
import type { PackageSource } from "./package-files.ts";
import { mustRun } from "./run.ts";

export function archiveName(version: string, target: Target): string {
  return `slipway-${version}-${target}.${target.startsWith("win") ? "zip" : "tar.gz"}`;
}

/** Name of the executable in the archive. */
export function programName(target: Target): string {
  return target.startsWith("win") ? "slipway.exe" : "slipway";
}

/** The licence of Slipway, which an archive for krew must have, and the licences of all parts. */
const LICENCE = "LICENSE";
const ALL_LICENCES = "THIRD-PARTY-LICENCES";

/** @returns path of the archive in `directory` */
export async function archive(directory: string, target: Target, source: PackageSource): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "slipway-archive-"));
  try {
    const files = [programName(target), LICENCE, ALL_LICENCES];
    await copyFile(source.executable, join(work, programName(target)));
    await copyFile(join(source.root, LICENCE), join(work, LICENCE));
    await writeFile(join(work, ALL_LICENCES), await licenceTexts(source));
    const mtime = new Date(Number(source.epoch) * 1000);
    for (const file of files) {
      await chmod(join(work, file), file === programName(target) ? 0o755 : 0o644);
      await utimes(join(work, file), mtime, mtime);
    }
    const output = join(directory, archiveName(source.version, target));
    await rm(output, { force: true });
    if (output.endsWith(".zip")) {
      // A zip has local times.
      const env = { PATH: process.env["PATH"] ?? "", TZ: "UTC" };
      await mustRun("zip", ["-X", "-q", "-6", output, ...files], { cwd: work, env });
    } else {
      await create({ file: output, cwd: work, gzip: { level: 6 }, portable: true, mtime }, files);
    }
    return output;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
