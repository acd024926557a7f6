/** What package managers read of a release: krew, compiled from its Go module, installs from it; the other two are only read. */
import { spawnSync } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveName } from "../../scripts/release/archive.ts";
import { TARGETS } from "../../scripts/release/node-packages.ts";
import { manifests } from "../../scripts/release/manifests.ts";
import { readSums } from "../../scripts/release/sums.ts";
import { compiledTool } from "../../scripts/release/tools.ts";
import { RELEASE, ROOT, VERSION, artefact } from "./artefacts.ts";

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

test("the formula and the manifest for Scoop name archives of the release with their sums", async () => {
  const sums = await readSums(RELEASE);
  const published = { version: VERSION, url: URL_OF_FILES, homepage: "https://example.com/slipway", sums };
  const formula = manifests(published).get("slipway.rb") ?? "";
  const named = [...formula.matchAll(/url "(\S+)"\s+sha256 "([0-9a-f]{64})"/g)];
  const unix = TARGETS.filter((target) => !target.startsWith("win")).map((target) => archiveName(VERSION, target));
  expect(new Set(named.map(([, url]) => url))).toEqual(new Set(unix.map((name) => `${URL_OF_FILES}/${name}`)));
  for (const [, url = "", sum] of named) expect(sum).toBe(sums.get(url.slice(URL_OF_FILES.length + 1)));
  const scoop = JSON.parse(await readFile(join(RELEASE, "manifests/slipway.json"), "utf8")) as object;
  const zip = archiveName(VERSION, "win-x64");
  expect(scoop).toMatchObject({
    version: VERSION,
    architecture: { "64bit": { url: `${URL_OF_FILES}/${zip}`, hash: sums.get(zip) } },
    bin: "slipway.exe",
  });
  expect(run("unzip", ["-l", join(RELEASE, zip)]).stdout).toContain("slipway.exe");
});
