/**
 * The lines for apt and dnf of the install guide, as they are printed, on a Debian of only its essential packages. There is no Fedora on the machine
 * where releases are made: Debian's dnf runs its line, and a package without files stands for what Fedora calls the libraries that Debian has.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VERSION, artefact } from "./artefacts.ts";
import { mustBash } from "./checkout.ts";
import { debianRoot } from "./debian-root.ts";
import type { DebianRoot } from "./debian-root.ts";
import { commandOf, linesOf } from "./install-lines.ts";

const GUIDE = "docs/guides/install.md";
const HEADING = "Debian and Ubuntu, Fedora and RHEL";
const [MAKE, APT = "", DNF = ""] = linesOf(GUIDE, HEADING);
/** The directory in which the lines are typed. */
const CHECKOUT = "slipway";
/** What somebody types who is asked whether to go on. */
const YES = "y\n";

/** glibc has the version of Debian 12's. */
const LIBRARIES = `
Name: libraries-of-debian
Version: 1
Release: 1
Summary: The names that Fedora has for the libraries of this Debian
License: none
BuildArch: noarch
Provides: glibc = 2.36
Provides: libatomic
Provides: libgcc
Provides: libstdc++
%description
%{summary}.
%files
`;

let debian: DebianRoot;

beforeAll(async () => {
  debian = await debianRoot();
  const release = join(debian.path, "root", CHECKOUT, "release");
  await mkdir(release, { recursive: true });
  for (const name of [`slipway_${VERSION}_amd64.deb`, `slipway-${VERSION}-1.x86_64.rpm`]) {
    await copyFile(await artefact(name), join(release, name));
  }
  const { status, stderr } = debian.run("apt-get update");
  if (status !== 0) throw new Error(stderr);
}, 900_000);
afterAll(() => debian.remove());

/** The paths with slipway's name, but for the checkout, and what package managers keep of what they did. */
function pathsOfSlipway(): readonly string[] {
  const find = `find / -xdev -path /root/${CHECKOUT} -prune -o -path /var -prune -o -path '*slipway*' -print`;
  return debian.run(find).stdout.split("\n").filter(Boolean).toSorted();
}

/** Every directory and file that was installed is gone. */
function expectNothingLeft(): void {
  expect(pathsOfSlipway()).toEqual([]);
}

/** What was installed runs: by its name, and without any Node on the machine. */
function expectInstalled(): void {
  const { status, stdout, stderr } = debian.run("slipway version && slipway build --help && ! command -v node");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(`slipway/${VERSION} linux-x64`);
  expect(stdout).toContain("Build an image from a Dockerfile");
  expect(pathsOfSlipway()).toEqual(
    expect.arrayContaining([
      "/usr/bin/slipway",
      "/usr/share/bash-completion/completions/slipway",
      "/usr/share/man/man1/slipway-build.1.gz",
    ]),
  );
}

test("the guide's line for the packages is one that make release-test has run", () => {
  expect(MAKE).toBe('make release RELEASE="--target linux-x64"');
});

test("the guide's line for apt installs slipway and the library that it lacks, and the one to remove it leaves nothing", () => {
  expectNothingLeft();
  const installed = debian.run(`cd ${CHECKOUT}\n${APT}`, YES);
  expect(installed).toMatchObject({ status: 0, stdout: expect.stringMatching(/Setting up libatomic1\b/) });
  expectInstalled();
  expect(debian.run(commandOf(GUIDE, HEADING, "apt-get purge"), YES)).toMatchObject({ status: 0 });
  expectNothingLeft();
});

test("the guide's line for dnf installs slipway where its libraries are, and nowhere else, and the one to remove it leaves nothing", async () => {
  expect(debian.run("apt-get install --yes --no-install-recommends dnf libatomic1 libstdc++6")).toMatchObject({
    status: 0,
  });
  const refused = debian.run(`cd ${CHECKOUT}\n${DNF}`, YES);
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("nothing provides libatomic needed by slipway"),
  });
  await installLibraries();
  const installed = debian.run(`cd ${CHECKOUT}\n${DNF}`, YES);
  expect(installed).toMatchObject({ status: 0, stdout: expect.stringContaining("Complete!") });
  expectInstalled();
  expect(debian.run(commandOf(GUIDE, HEADING, "dnf remove"), YES)).toMatchObject({ status: 0 });
  expectNothingLeft();
});

async function installLibraries(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "slipway-libraries-"));
  try {
    await writeFile(join(work, "libraries.spec"), LIBRARIES);
    mustBash('rpmbuild --quiet -bb --define "_topdir $1" --define "_rpmdir $1" "$1/libraries.spec"', [work]);
    await copyFile(join(work, "noarch/libraries-of-debian-1-1.noarch.rpm"), join(debian.path, "root/libraries.rpm"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  expect(debian.run("dnf install --assumeyes ./libraries.rpm")).toMatchObject({ status: 0 });
  expect(await readFile(join(debian.path, "etc/debian_version"), "utf8")).toMatch(/^12\./);
}
