/** The packages: installed into an empty place, run from there, and removed again. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUSYBOX, environment, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { completionPaths } from "../../scripts/release/package-files.ts";
import { RELEASE, VERSION, artefact } from "./artefacts.ts";

const namespace = useNamespace();
let home = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-packages-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: home,
    env: { HOME: home, PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Every file below a directory. */
async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

/** @throws Error if the image in the registry is not the one that slipway names */
async function mustBuild(program: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const image = uniqueImage();
  const context = await mkdtemp(join(home, "context-"));
  await writeFile(join(context, "Dockerfile"), `FROM ${BUSYBOX}\nRUN true\n`);
  const metadata = join(context, "build.json");
  const build = ["build", "-n", namespace.name, "--metadata-file", metadata, "-t", `${image}:1`, context];
  const built = run(program, build, {
    KUBECONFIG: namespace.kubeconfig,
    SLIPWAY_KANIKO_IMAGE: environment("SLIPWAY_KANIKO_IMAGE"),
    SLIPWAY_HELPER_IMAGE: environment("SLIPWAY_HELPER_IMAGE"),
    ...env,
  });
  expect(built).toMatchObject({ status: 0, stdout: "" });
  const { digest } = await readImage(`${image}:1`);
  expect(JSON.parse(await readFile(metadata, "utf8"))).toMatchObject({ "containerimage.digest": digest });
}

describe("the npm package", () => {
  test("has the program and what it needs, and nothing that runs when it is installed", async () => {
    const unpacked = join(home, "npm");
    await mkdir(unpacked);
    run("tar", ["-xzf", await artefact(`slipway-${VERSION}.tgz`), "-C", unpacked, "--strip-components=1"]);
    const files = (await filesOf(unpacked)).map((file) => file.slice(unpacked.length + 1)).toSorted();
    expect(files).toEqual([
      "LICENSE",
      "README.md",
      "bin/package.json",
      "bin/run.js",
      "dist/THIRD-PARTY-LICENCES",
      "dist/bake.cjs",
      "dist/slipway.cjs",
      "dist/socks.cjs",
      "dist/start.cjs",
      "oclif.manifest.json",
      "package.json",
    ]);
    const { scripts = {}, dependencies } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8")) as {
      scripts?: Record<string, string>;
      dependencies?: object;
    };
    const atInstall = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    expect(dependencies).toBeUndefined();
  });

  test("is installed into an empty prefix without a network, builds from there, and leaves nothing when it is removed", async () => {
    const prefix = join(home, "prefix");
    const npm = (...args: readonly string[]) =>
      run("npm", [...args, "--global", "--prefix", prefix, "--no-audit", "--no-fund"]);
    const install = ["install", "--omit=optional", "--offline", "--cache", join(home, "npm-cache")];
    expect(npm(...install, await artefact(`slipway-${VERSION}.tgz`))).toMatchObject({ status: 0 });
    const program = join(prefix, "bin/slipway");
    // Its first line asks for `node`, which has to be this one.
    const path = { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };
    expect(run(program, ["--version"], path).stdout).toMatch(new RegExp(`^slipway/${VERSION} `));
    expect(run(program, ["build", "--help"], path).stdout).toContain("Build an image from a Dockerfile");
    await mustBuild(program, path);
    expect(npm("uninstall", "slipway")).toMatchObject({ status: 0 });
    expect((await filesOf(prefix)).filter((file) => !file.endsWith(".package-lock.json"))).toEqual([]);
  });
});

describe("the Debian package", () => {
  let root = "";
  const dpkg = (...args: readonly string[]) => run("dpkg", [`--root=${root}`, "--force-not-root", ...args]);

  beforeAll(async () => {
    root = join(home, "debian");
    await mkdir(join(root, "var/lib/dpkg/info"), { recursive: true });
    await mkdir(join(root, "var/lib/dpkg/updates"));
    await writeFile(join(root, "var/lib/dpkg/status"), "");
  });

  test("is installed, builds on the cluster, and leaves nothing when it is purged", async () => {
    const deb = await artefact(`slipway_${VERSION}_amd64.deb`);
    // The empty root has no libraries. What the package depends on is looked up on this machine.
    expect(run("dpkg", ["--dry-run", "--install", deb]).stderr).not.toMatch(/depend/i);
    expect(dpkg("--force-depends", "--install", deb)).toMatchObject({ status: 0 });
    const program = join(root, "usr/bin/slipway");
    expect(run(program, ["--version"], { PATH: "/nowhere" }).stdout).toMatch(new RegExp(`^slipway/${VERSION} `));
    await mustBuild(program, { PATH: "/nowhere" });
    expect(dpkg("--purge", "slipway")).toMatchObject({ status: 0 });
    expect((await filesOf(root)).filter((file) => !file.startsWith(join(root, "var/")))).toEqual([]);
  });

  test("has a manual page for every command, a completion, and the licences of all that is in it", async () => {
    const unpacked = join(home, "unpacked");
    const deb = await artefact(`slipway_${VERSION}_amd64.deb`);
    run("dpkg-deb", ["--extract", deb, unpacked]);
    const page = run("man", [`--manpath=${join(unpacked, "usr/share/man")}`, "slipway-build"], { MANPAGER: "cat" });
    expect(page).toMatchObject({ status: 0, stdout: expect.stringContaining("Build an image from a Dockerfile") });
    const count = `find usr -type f -printf '%s\\n' -o -printf '1\\n' | awk '{ size += int(($1 + 1023) / 1024) } END { print size }'`;
    const installed = run("bash", ["-c", `cd ${unpacked} && ${count}`]).stdout;
    expect(run("dpkg-deb", ["--field", deb, "Installed-Size"]).stdout).toBe(installed);
    const copyright = await readFile(join(unpacked, "usr/share/doc/slipway/copyright"), "utf8");
    for (const part of ["Apache License", "@oclif/core", "Node.js is licensed for use as follows"]) {
      expect(copyright).toContain(part);
    }
    const completion = `source ${unpacked}/usr/share/bash-completion/completions/slipway
      COMP_WORDS=(${unpacked}/usr/bin/slipway cache r) COMP_CWORD=2 COMP_LINE="\${COMP_WORDS[*]}" COMP_POINT=\${#COMP_LINE}
      _slipway; echo "\${COMPREPLY[@]}"`;
    expect(run("bash", ["-c", completion]).stdout).toBe("rm\n");
    for (const [shell, path] of completionPaths("debian")) {
      expect(await readFile(join(unpacked, path), "utf8")).toContain(`slipway completion ${shell}`);
    }
  });

  test("for arm64 has the same files, and names that architecture", async () => {
    const [ours, theirs] = await Promise.all(
      ["amd64", "arm64"].map(async (architecture) => {
        const deb = await artefact(`slipway_${VERSION}_${architecture}.deb`);
        expect(run("dpkg-deb", ["--field", deb, "Architecture"]).stdout).toBe(`${architecture}\n`);
        const listed = run("dpkg-deb", ["--contents", deb]).stdout.trim().split("\n");
        return listed.map((line) => line.split(/\s+/).at(-1));
      }),
    );
    expect(ours?.length).toBeGreaterThan(30);
    expect(theirs).toEqual(ours);
  });
});

describe("the RPM package", () => {
  let root = "";
  const rpm = (...args: readonly string[]) => run("rpm", ["--root", root, ...args]);

  beforeAll(async () => {
    root = join(home, "rpm");
    await mkdir(root);
    const made = rpm("--initdb");
    if (made.status !== 0) throw new Error(made.stderr);
  });

  test("is installed, builds on the cluster, and leaves nothing when it is erased", async () => {
    const file = await artefact(`slipway-${VERSION}-1.x86_64.rpm`);
    // The empty root has none of the libraries.
    expect(rpm("--install", "--nodeps", file)).toMatchObject({ status: 0 });
    const program = join(root, "usr/bin/slipway");
    expect(run(program, ["--version"], { PATH: "/nowhere" }).stdout).toMatch(new RegExp(`^slipway/${VERSION} `));
    expect(rpm("--verify", "--nodeps", "slipway")).toMatchObject({ status: 0, stdout: "" });
    await mustBuild(program, { PATH: "/nowhere" });
    expect(rpm("--erase", "slipway")).toMatchObject({ status: 0 });
    const left = (await filesOf(root)).filter((path) => !path.includes("/rpmdb.sqlite") && !path.includes("/.rpm"));
    expect(left).toEqual([]);
  });

  test("asks for the libraries that Node needs, and has the files of the Debian package", async () => {
    const file = await artefact(`slipway-${VERSION}-1.x86_64.rpm`);
    const needs = run("rpm", ["--query", "--requires", "--package", file]).stdout.trim().split("\n");
    expect(needs.filter((need) => !need.startsWith("rpmlib("))).toEqual([
      "glibc >= 2.28",
      "libatomic",
      "libgcc",
      "libstdc++",
    ]);
    const query = ["--query", "--package", "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]", file];
    const listed = [...run("rpm", query).stdout.matchAll(/^-\S* (\S+)$/gm)].map(([, path]) => path);
    const deb = run("dpkg-deb", ["--contents", await artefact(`slipway_${VERSION}_amd64.deb`)]).stdout;
    const files = [...deb.matchAll(/^-.* \.(\/\S+)$/gm)].map(([, path]) => path);
    expect(files.length).toBeGreaterThan(30);
    // Zsh looks elsewhere in each family of distributions.
    const here = files.map((path) => path?.replace("vendor-completions", "site-functions"));
    expect(new Set(listed)).toEqual(new Set(here));
  });

  test("for arm64 names that architecture and has the same files", async () => {
    const list = async (architecture: string) => {
      const file = await artefact(`slipway-${VERSION}-1.${architecture}.rpm`);
      return run("rpm", ["--query", "--package", "--queryformat", "[%{FILENAMES}\n]%{ARCH}", file]).stdout;
    };
    expect(await list("aarch64")).toBe((await list("x86_64")).replace(/x86_64$/, "aarch64"));
  });
});

test("SHA256SUMS names every file of the release", async () => {
  const files = (await readdir(RELEASE, { withFileTypes: true })).filter((entry) => entry.isFile());
  const named = (await readFile(join(RELEASE, "SHA256SUMS"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => line.slice(66));
  expect(named).toEqual(
    files
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("SHA256SUMS"))
      .toSorted(),
  );
});
