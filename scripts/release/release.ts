/**
 * Makes a release in release/: for each platform one executable without need of Node. `npm run release -- [--target PLATFORM]… [--out DIRECTORY]`
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compiledCode } from "./compiled-code.ts";
import { makeExecutable } from "./executable.ts";
import { fetchNode } from "./fetch-node.ts";
import { TARGETS, ownTarget } from "./node-packages.ts";
import type { Target } from "./node-packages.ts";
import { mustRun } from "./run.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true, default: ["linux-x64"] },
    out: { type: "string", default: join(ROOT, "release") },
  },
});
const targets = values.target.map(targetOf);
const out = resolve(values.out);
const fetched = join(ROOT, "release/node");

const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
await mustRun(process.execPath, ["build.mjs", "--executable"], { cwd: ROOT });
await mkdir(out, { recursive: true });
const own = ownTarget();
const maker = (await fetchNode(own, fetched)).program;
for (const target of targets) {
  say(`${target}: ${await makeFor(target)}`);
}
await writeSums();

function targetOf(name: string): Target {
  const found = TARGETS.find((target) => target === name);
  if (found === undefined) throw new Error(`no such platform: ${name}; there are ${TARGETS.join(", ")}`);
  return found;
}

/** @returns what was made, for the reader of the terminal */
async function makeFor(target: Target): Promise<string> {
  const node = (await fetchNode(target, fetched)).program;
  const compiled = target === own ? await compiledCode([node], ROOT) : undefined;
  const output = join(out, `slipway-${version}-${target}${target.startsWith("win") ? ".exe" : ""}`);
  await makeExecutable(output, { node, maker, root: ROOT, compiled });
  const { size } = await stat(output);
  return `${output}, ${(size / 1e6).toFixed(1)} MB`;
}

/** SHA256SUMS of all that is in the directory, as sha256sum writes and checks it. */
async function writeSums(): Promise<void> {
  const lines: string[] = [];
  for (const entry of (await readdir(out, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!entry.isFile() || entry.name === "SHA256SUMS") continue;
    const digest = createHash("sha256")
      .update(await readFile(join(out, entry.name)))
      .digest("hex");
    lines.push(`${digest}  ${entry.name}\n`);
  }
  await writeFile(join(out, "SHA256SUMS"), lines.join(""));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
