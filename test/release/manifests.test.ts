/**
 * What package managers read of a release. Krew, compiled from its Go module, installs from it. Homebrew and Scoop do not run here: Ruby evaluates the
 * formula with a class in Homebrew's place, and Scoop's manifest is compared with its schema.
 */
import { spawnSync } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveName } from "../../scripts/release/archive.ts";
import { TARGETS } from "../../scripts/release/node-packages.ts";
import { readSums } from "../../scripts/release/sums.ts";
import { compiledTool } from "../../scripts/release/tools.ts";
import { RELEASE, ROOT, VERSION, artefact } from "./artefacts.ts";
import { linesOf } from "./install-lines.ts";

const URL_OF_FILES = "https://example.com/slipway/v1";

let home = "";
let krewManifest = "";
let krew = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-manifests-"));
  const args = ["--url", `${URL_OF_FILES}/`, "--homepage", "https://example.com/slipway"];
  const written = run("node", [`${ROOT}scripts/release/write-manifests.ts`, ...args]);
  if (written.status !== 0) throw new Error(written.stderr);
  krewManifest = join(RELEASE, "manifests/slipway.yaml");
  krew = await compiledTool("krew");
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
  await rm(join(RELEASE, "manifests"), { recursive: true, force: true });
});

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    env: { HOME: home, PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("krew's index takes the manifest by its own rules", async () => {
  const check = run(await compiledTool("krew", "validate-krew-manifest"), ["-skip-install", "-manifest", krewManifest]);
  expect(check).toMatchObject({ status: 0, stderr: expect.stringContaining("no overlapping spec.platform") });
});

test.each(TARGETS)("krew installs the archive for %s with its licence", async (target) => {
  const [os = "", arch = ""] = target.replace(/^win/, "windows").replace("x64", "amd64").split("-");
  const root = join(home, `krew-${target}`);
  const archive = await artefact(archiveName(VERSION, target));
  const installed = run(krew, ["install", `--manifest=${krewManifest}`, `--archive=${archive}`], {
    KREW_ROOT: root,
    KREW_OS: os,
    KREW_ARCH: arch,
  });
  expect(installed).toMatchObject({ status: 0 });
  await access(join(root, "store/slipway", `v${VERSION}`, "LICENSE"));
  if (target !== "linux-x64") return;
  const path = { PATH: `${join(root, "bin")}:${process.env["PATH"]}` };
  expect(run("kubectl", ["slipway", "--version"], path)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`slipway/${VERSION} `),
  });
  expect(run("kubectl", ["plugin", "list"], path).stdout).toContain(join(root, "bin/kubectl-slipway"));
});

interface Told {
  readonly stanzas: readonly (readonly [name: string, value: string])[];
  readonly installed: readonly string[];
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

const UNIX = [
  ["macos", "arm", "darwin-arm64"],
  ["macos", "intel", "darwin-x64"],
  ["linux", "arm", "linux-arm64"],
  ["linux", "intel", "linux-x64"],
] as const;

test.each(UNIX)("the formula, read by Ruby on %s with %s, installs the archive of %s", async (os, cpu, target) => {
  const formula = join(RELEASE, "manifests/slipway.rb");
  const { status, stdout, stderr } = run("ruby", ["-w", `${ROOT}test/release/formula.rb`, formula, os, cpu]);
  expect([status, stderr]).toEqual([0, ""]);
  const { stanzas, installed, commands, expected } = JSON.parse(stdout) as Told;
  // In the order that `brew style` asks for.
  expect(stanzas.map(([name]) => name)).toEqual(["desc", "homepage", "version", "license", "url", "sha256"]);
  const { desc = "", ...others } = Object.fromEntries(stanzas);
  const archive = archiveName(VERSION, target);
  expect(others).toEqual({
    homepage: "https://example.com/slipway",
    version: VERSION,
    license: "Apache-2.0",
    url: `${URL_OF_FILES}/${archive}`,
    sha256: (await readSums(RELEASE)).get(archive),
  });
  // What `brew audit` asks of a description: docs.brew.sh/Formula-Cookbook.
  expect(desc.length).toBeLessThan(80);
  expect(desc).toMatch(/^[A-Z].*[^.]$/);
  expect(desc).not.toMatch(/^(?:An?|The) |slipway/i);
  expect([installed, commands, expected]).toEqual([["slipway"], ["/brew/bin/slipway --version"], [VERSION]]);
  expect(run("tar", ["-tzf", join(RELEASE, archive)]).stdout.split("\n")).toContain("slipway");
});

test("Scoop's manifest has what Scoop's schema asks for, and names the archive for Windows with its sum", async () => {
  const scoop = JSON.parse(await readFile(join(RELEASE, "manifests/slipway.json"), "utf8")) as Record<string, unknown>;
  const zip = archiveName(VERSION, "win-x64");
  const hash = (await readSums(RELEASE)).get(zip);
  // The schema takes no other fields, needs these, and takes a bare hash only as SHA-256 (schema.json of Scoop).
  expect(scoop).toEqual({
    version: VERSION,
    description: expect.any(String),
    homepage: "https://example.com/slipway",
    license: "Apache-2.0",
    architecture: { "64bit": { url: `${URL_OF_FILES}/${zip}`, hash } },
    bin: "slipway.exe",
  });
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(run("unzip", ["-Z1", join(RELEASE, zip)]).stdout.split("\n")).toContain("slipway.exe");
});

// The last one, as it writes the manifests anew.
test("the install guide's lines write the manifests, and krew installs the plugin of this machine from them", async () => {
  const [make, ...lines] = linesOf("docs/guides/install.md", "kubectl krew, Homebrew, Scoop");
  // Which has been done: what it made is beside the manifests.
  expect(make).toBe("make release");
  const bin = join(home, "bin");
  await mkdir(bin);
  await symlink(krew, join(bin, "kubectl-krew"));
  const root = join(home, "krew-of-the-guide");
  const path = { KREW_ROOT: root, PATH: `${bin}:${join(root, "bin")}:${process.env["PATH"]}` };
  const script = ["set -eu", `cd ${ROOT}`, ...lines].join("\n");
  const { status, stdout, stderr } = run("bash", ["-c", script], path);
  expect([status, stderr]).toEqual([0, expect.stringContaining("Installed plugin: slipway")]);
  expect(stdout).toContain(`slipway/${VERSION} linux-x64`);
});
