/** A sample of `make integrity`: what a builder finds is what was on this disk, file by file. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { check } from "../integrity/check.ts";
import { sumOf, writeBuilder } from "../integrity/summing-builder.ts";
import { SAMPLE } from "../integrity/trees.ts";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
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
)("$tree.name by $transport", async ({ tree, transport }) => {
  const root = await project({});
  const context = join(root, "context");
  await mkdir(context);
  await tree.fill(context);
  await writeFile(join(root, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  const where = ["--kubeconfig", namespace.kubeconfig, "-n", namespace.name, "-f", join(root, "Dockerfile")];
  const checked = await check([...where, "--builder-image", builder, "--transport", transport, context]);
  expect(checked.digest).toBe(await sumOf(context));
});
