/** A sample of `make integrity`: what a builder finds is what was on this disk, file by file. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { check } from "../integrity/check.ts";
import { checkKept, checkKeptResult } from "../integrity/kept.ts";
import type { KeptTarget } from "../integrity/kept.ts";
import { sumOf, writeBuilder } from "../integrity/summing-builder.ts";
import { SAMPLE } from "../integrity/trees.ts";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { leastKubeconfig, removeKubeconfig } from "./support/least.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();
const builder = uniqueImage();

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-e2e-"));
  await writeBuilder(root, BUSYBOX);
  await mustBuild(namespace, ["-t", builder, root]);
  await rm(root, { recursive: true });
});

test.each(
  SAMPLE.flatMap((tree) => [
    { tree, transport: "auto" },
    { tree, transport: "stream" },
  ]),
)("$tree.name by $transport", { tags: ["long"] }, async ({ tree, transport }) => {
  const root = await project({});
  const context = join(root, "context");
  await mkdir(context);
  await tree.fill(context);
  await writeFile(join(root, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  const where = ["--kubeconfig", namespace.kubeconfig, "-n", namespace.name, "-f", join(root, "Dockerfile")];
  const checked = await check([...where, "--builder-image", builder, "--transport", transport, context]);
  expect(checked.digest).toBe(await sumOf(context));
});

/** Bytes of memory that the client may take. */
const MOST_MEMORY = 200_000_000;

async function keptTarget(): Promise<KeptTarget> {
  const kubeconfig = await leastKubeconfig(namespace.name, ["--keep"], "slipway-keep");
  const home = await mkdtemp(join(tmpdir(), "slipway-e2e-home-"));
  onTestFinished(async () => {
    await removeKubeconfig(kubeconfig);
    await rm(home, { recursive: true });
  });
  return { where: ["--kubeconfig", kubeconfig, "-n", namespace.name], home, base: BUSYBOX };
}

test(
  "a kept builder has the files that were on this disk, also after some changed, and gives its result whole",
  { tags: ["long"], timeout: 900_000 },
  async () => {
    const target = await keptTarget();
    const root = await project({});
    for (const { fill } of SAMPLE) {
      await fill(root);
      const checked = await checkKept(target, root);
      expect(checked.digest).toBe(await sumOf(root));
    }
    const { wrong, size, peak } = await checkKeptResult(target, 50);
    expect(wrong).toEqual([]);
    expect(size).toBeGreaterThan(50_000_000);
    expect(peak).toBeLessThan(MOST_MEMORY);
  },
);
