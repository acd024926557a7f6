/** The .rpm package, made by rpmbuild from the tree that the .deb has too. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DESCRIPTION, SUMMARY, completionPaths, writePackageFiles } from "./package-files.ts";
import type { PackageSource } from "./package-files.ts";
import { mustRun } from "./run.ts";

/** What Node's program is linked with, as `readelf -d` shows it, and the glibc that it needs. */
const REQUIRES = ["glibc >= 2.28", "libatomic", "libgcc", "libstdc++"];

/**
 * @param architecture as rpm names it
 * @returns path of the package in `directory`
 */
export async function rpmPackage(
  directory: string,
  architecture: "x86_64" | "aarch64",
  source: PackageSource,
): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "slipway-rpm-"));
  try {
    const tree = join(work, "tree");
    await mkdir(tree);
    await writePackageFiles(tree, "fedora", source);
    const spec = join(work, "slipway.spec");
    await writeFile(spec, specOf(source.version, tree));
    const name = `slipway-${source.version}-1.${architecture}.rpm`;
    const defines = Object.entries({ _topdir: work, _rpmdir: work, _rpmfilename: name, ...REPRODUCIBLE });
    const args = defines.flatMap(([macro, value]) => ["--define", `${macro} ${value}`]);
    await mustRun("rpmbuild", ["-bb", "--quiet", "--target", `${architecture}-linux`, ...args, spec], {
      env: { HOME: work, PATH: process.env["PATH"] ?? "", SOURCE_DATE_EPOCH: source.epoch },
    });
    const output = join(directory, basename(name));
    await copyFile(join(work, name), output);
    return output;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Nothing of this machine and of the time is in the package. gzip, as every rpm can read it. */
const REPRODUCIBLE = {
  _buildhost: "localhost",
  use_source_date_epoch_as_buildtime: "1",
  clamp_mtime_to_source_date_epoch: "1",
  _binary_payload: "w6.gzdio",
};

/** Without the steps that rpmbuild runs over programs: one of them would strip the program out of the executable. */
function specOf(version: string, tree: string): string {
  return `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
Name: slipway
Version: ${version}
Release: 1
Summary: ${SUMMARY}
License: Apache-2.0 AND MIT
AutoReqProv: no
Provides: slipway = ${version}-1
${REQUIRES.map((name) => `Requires: ${name}\n`).join("")}Suggests: git
%description
${DESCRIPTION.join("\n")}
%install
cp -a ${tree}/. %{buildroot}/
%files
%defattr(-,root,root)
/usr/bin/slipway
${completionPaths("fedora")
  .map(([, path]) => `/${path}\n`)
  .join("")}%dir /usr/share/doc/slipway
%license /usr/share/doc/slipway/copyright
/usr/share/man/man1/*
`;
}
