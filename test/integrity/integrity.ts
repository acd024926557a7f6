/**
 * Sends contexts of all sizes, end to end: `make integrity`, or integrity.ts [TRANSPORT]. Every file must arrive unchanged, and the
 * client may use 200 MB of memory. With `keep` instead of a transport, a kept builder gets them, and returns a result of 1 GB.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import type { Checked } from "./check.ts";
import { checkKept, checkKeptResult } from "./kept.ts";
import type { KeptTarget } from "./kept.ts";
import { sumOf, writeBuilder } from "./summing-builder.ts";
import { TREES } from "./trees.ts";

const MAX_MEMORY_BYTES = 200_000_000;

const registry = process.env["REGISTRY"];
if (registry === undefined) throw new Error('REGISTRY is not set; run this first: eval "$(test/cluster/env)"');
const transport = process.argv[2] ?? "auto";
const namespace = `slipway-integrity-${process.pid}`;
const builder = `${registry}/integrity/${namespace}`;
const root = await mkdtemp(join(tmpdir(), "slipway-integrity-"));
const isKept = transport === "keep";
const target: KeptTarget = {
  where: ["-n", namespace],
  home: join(root, "home"),
  base: `${registry}/busybox:1.35`,
};
const RESULT_MEGABYTES = 1000;
let failed = false;

execFileSync("kubectl", ["create", "namespace", namespace], { stdio: "ignore" });
try {
  await mkdir(target.home);
  await mkdir(join(root, "builder"));
  await writeBuilder(join(root, "builder"), `${registry}/busybox:1.35`);
  await check(["-n", namespace, "-t", builder, join(root, "builder")]);
  await writeFile(join(root, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  for (const tree of TREES) {
    const context = join(root, "context");
    await mkdir(context);
    await tree.fill(context);
    const expected = await sumOf(context);
    const args = [
      "-n",
      namespace,
      "-f",
      join(root, "Dockerfile"),
      "--builder-image",
      builder,
      "--context-warning",
      "0",
    ];
    const checked = isKept
      ? await checkKept(target, context)
      : await check([...args, "--transport", transport, "--cache-name", tree.name, context]);
    const bytes = isKept ? [] : [`${checked.bytes} bytes packed`];
    report(tree.name, checked, bytes, checked.digest === expected ? [] : ["NOT WHAT WAS SENT"]);
    await rm(context, { recursive: true });
  }
  if (isKept) {
    const result = await checkKeptResult(target, RESULT_MEGABYTES);
    report(`a result of ${RESULT_MEGABYTES} MB`, result, [`${result.size} bytes`], result.wrong);
  }
} finally {
  execFileSync("kubectl", ["delete", "namespace", namespace, "--wait=false"], { stdio: "ignore" });
  await rm(root, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;

function report(
  name: string,
  { transport, peak, ms }: Checked,
  more: readonly string[],
  wrong: readonly string[],
): void {
  const faults = [...wrong, ...(peak <= MAX_MEMORY_BYTES ? [] : ["TOO MUCH MEMORY"])];
  failed ||= faults.length > 0;
  const figures = [transport, ...more, `peak ${Math.round(peak / 1e6)} MB`, `${(ms / 1000).toFixed(1)} s`];
  const end = faults.length > 0 ? faults : ["all equal"];
  process.stdout.write(`${name}: ${[...figures, ...end].join(", ")}\n`);
}
