/** The .deb package. */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESCRIPTION, SUMMARY, writePackageFiles } from "./package-files.ts";
import type { PackageSource } from "./package-files.ts";
import { mustRun } from "./run.ts";

/** What Node's program is linked with: `readelf -d` of it. */
const DEPENDS = "libc6 (>= 2.28), libatomic1, libgcc-s1, libstdc++6";

/**
 * @param architecture as Debian names it
 * @returns path of the package in `directory`
 */
export async function debianPackage(
  directory: string,
  architecture: "amd64" | "arm64",
  source: PackageSource,
): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "slipway-deb-"));
  try {
    await mkdir(join(work, "DEBIAN"));
    await writePackageFiles(work, "debian", source);
    await writeFile(join(work, "DEBIAN/control"), control(source.version, architecture, await installedKib(work)));
    await chmod(join(work, "DEBIAN/control"), 0o644); // with every umask
    const output = join(directory, `slipway_${source.version}_${architecture}.deb`);
    const build = ["--root-owner-group", "-Zgzip", "-z6", "--build", work, output];
    await mustRun("dpkg-deb", build, { env: { PATH: process.env["PATH"] ?? "", SOURCE_DATE_EPOCH: source.epoch } });
    return output;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What apt tells before it installs, as Debian counts it (deb-substvars(5)): a file's KiB, and 1 KiB for a directory. */
async function installedKib(tree: string): Promise<number> {
  const entries = await readdir(join(tree, "usr"), { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) =>
    entry.isFile() ? Math.ceil((await stat(join(entry.parentPath, entry.name))).size / 1024) : 1,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 1);
}

function control(version: string, architecture: string, installed: number): string {
  return `Package: slipway
Version: ${version}
Architecture: ${architecture}
Installed-Size: ${installed}
Maintainer: The maintainers of Slipway
Section: devel
Priority: optional
Depends: ${DEPENDS}
Suggests: git
Description: ${SUMMARY}
${DESCRIPTION.map((line) => ` ${line}\n`).join("")}`;
}
