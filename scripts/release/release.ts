/**
 * Makes a release in release/: for each platform an executable without need of Node and an archive of it, for Linux also packages.
 * `npm run release -- [--target PLATFORM]… [--only-executables] [--out DIRECTORY]`. With COSIGN_KEY, the sums are signed.
 */
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundledInputs, bundledPackages } from "../../docs/generate/licences.ts";
import { archive } from "./archive.ts";
import { debianPackage } from "./debian.ts";
import { makeExecutable } from "./executable.ts";
import { fetchNode } from "./fetch-node.ts";
import { interpreterFor } from "./interpreter.ts";
import { NODE_VERSION, TARGETS, ownTarget } from "./node-packages.ts";
import type { Target } from "./node-packages.ts";
import { releaseNotes } from "./notes.ts";
import { Refused, orEnd } from "./refusal.ts";
import { rpmPackage } from "./rpm.ts";
import { mustRun } from "./run.ts";
import { releaseSbom } from "./sbom.ts";
import { signAdHoc } from "./sign.ts";
import { NOT_SIGNED, findSigner, signSums } from "./sign-sums.ts";
import { writeSums } from "./sums.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The names of the Linux platforms, as packages have them. */
const ARCHITECTURES = {
  "linux-x64": { debian: "amd64", rpm: "x86_64" },
  "linux-arm64": { debian: "arm64", rpm: "aarch64" },
} as const;

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true, default: [...TARGETS] },
    // Without archives and packages, and without what makes those.
    "only-executables": { type: "boolean", default: false },
    out: { type: "string", default: join(ROOT, "release") },
  },
});
const targets = await orEnd(() => values.target.map(targetOf));
const onlyExecutables = values["only-executables"];
const signer = onlyExecutables ? undefined : await orEnd(() => findSigner(process.env));
const out = resolve(values.out);
const fetched = join(ROOT, "release/node");

const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
const [epoch = "", commit = ""] = (await mustRun("git", ["log", "-1", "--format=%ct %H"], { cwd: ROOT }))
  .trim()
  .split(" ");
const meta = onlyExecutables ? [] : ["--meta"];
say("bundling the program");
await mustRun(process.execPath, ["build.mjs", "--executable", ...meta], { cwd: ROOT });
await mkdir(out, { recursive: true });
// What another release has left would get into the sums.
for (const entry of await readdir(out, { withFileTypes: true })) {
  if (entry.isFile()) await rm(join(out, entry.name));
}
if (!onlyExecutables) for (const made of [await sbom(), await notes(), await npmPackage()]) await report(made);
say(`Node ${NODE_VERSION} for this machine, which makes the executables: from npm (57 MB) unless release/node has it`);
// Node's licences are the same text for every platform, and the package for Windows has none.
const { program: maker, licence } = await fetchNode(ownTarget(), fetched);
for (const target of targets) {
  for (const made of await makeFor(target)) await report(made);
}
await writeSums(out);
if (signer !== undefined) await report(await orEnd(() => signSums(out, signer)));
else if (!onlyExecutables) process.stdout.write(`${NOT_SIGNED}\n`);

function targetOf(name: string): Target {
  const found = TARGETS.find((target) => target === name);
  if (found === undefined) throw new Refused(`unknown platform: ${name}; there are ${TARGETS.join(", ")}`);
  return found;
}

/** What follows, for somebody who waits. */
function say(text: string): void {
  process.stdout.write(`${text} …\n`);
}

async function report(path: string): Promise<void> {
  process.stdout.write(`${basename(path)}, ${((await stat(path)).size / 1e6).toFixed(1)} MB\n`);
}

async function npmPackage(): Promise<string> {
  // npm packs files with the modes that they have.
  const packed = ["bin", "dist", "LICENSE", "README.md", "oclif.manifest.json", "package.json"];
  await mustRun("chmod", ["-R", "u=rwX,go=rX", ...packed], { cwd: ROOT });
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", out];
  return join(out, (await mustRun("npm", args, { cwd: ROOT })).trim());
}

async function sbom(): Promise<string> {
  const inputs = join(ROOT, "dist/meta.json");
  const bundled = bundledPackages(bundledInputs(await readFile(inputs, "utf8")));
  await rm(inputs);
  return write(`slipway-${version}.spdx.json`, releaseSbom({ version, epoch, commit }, bundled));
}

async function notes(): Promise<string> {
  return write("NOTES.md", await releaseNotes(ROOT, version));
}

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(out, name), text);
  return join(out, name);
}

/** @returns paths of what was made */
async function makeFor(target: Target): Promise<string[]> {
  if (target !== ownTarget()) say(`Node ${NODE_VERSION} for ${target}: from npm unless release/node has it`);
  const { program: node } = await fetchNode(target, fetched);
  const command = await interpreterFor(target, node);
  const executable = join(out, `slipway-${version}-${target}${target.startsWith("win") ? ".exe" : ""}`);
  say(`putting the program into Node for ${target}${(command?.length ?? 0) > 1 ? ", in an emulator" : ""}`);
  await makeExecutable(executable, { node, maker: command ?? [maker], root: ROOT, snapshot: command !== undefined });
  if (target.startsWith("darwin")) await signAdHoc(executable);
  if (onlyExecutables) return [executable];
  const source = { version, executable, licence, root: ROOT, epoch };
  const made = [executable, await archive(out, target, source)];
  if (target === "linux-x64" || target === "linux-arm64") {
    say(`making packages for ${target}`);
    const { debian, rpm } = ARCHITECTURES[target];
    made.push(await debianPackage(out, debian, source), await rpmPackage(out, rpm, source));
  }
  return made;
}
