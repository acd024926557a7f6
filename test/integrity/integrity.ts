/**
 * Contexts of all sizes, end to end: `make integrity`, or integrity.ts [TRANSPORT]. Every file has to arrive as it was, and the
 * client may take 200 MB of memory.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import { sumOf, writeBuilder } from "./summing-builder.ts";
import { TREES } from "./trees.ts";

const MOST_MEMORY = 200_000_000;

const registry = process.env["REGISTRY"];
if (registry === undefined) throw new Error('REGISTRY is not set; run this first: eval "$(test/cluster/env)"');
const transport = process.argv[2] ?? "auto";
const namespace = `slipway-integrity-${process.pid}`;
const builder = `${registry}/integrity/${namespace}`;
const root = await mkdtemp(join(tmpdir(), "slipway-integrity-"));
let failed = false;

execFileSync("kubectl", ["create", "namespace", namespace], { stdio: "ignore" });
try {
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
    const { digest, bytes, peak, ms, ...rest } = await check([
      ...args,
      "--transport",
      transport,
      "--cache-name",
      tree.name,
      context,
    ]);
    const faults = [
      ...(digest === expected ? [] : ["NOT WHAT WAS SENT"]),
      ...(peak <= MOST_MEMORY ? [] : ["TOO MUCH MEMORY"]),
    ];
    failed ||= faults.length > 0;
    const figures = [
      rest.transport,
      `${bytes} bytes packed`,
      `peak ${Math.round(peak / 1e6)} MB`,
      `${(ms / 1000).toFixed(1)} s`,
    ];
    process.stdout.write(
      `${tree.name}: ${[...figures, ...(faults.length > 0 ? faults : ["all files equal"])].join(", ")}\n`,
    );
    await rm(context, { recursive: true });
  }
} finally {
  execFileSync("kubectl", ["delete", "namespace", namespace, "--wait=false"], { stdio: "ignore" });
  await rm(root, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;
