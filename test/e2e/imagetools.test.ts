/** `imagetools` with images that slipway built; `make contract` holds it against buildx. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

const namespace = useNamespace();
const CA = environment("REGISTRY_CA");

test("two images become one index, which is copied to another registry with its provenance", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nARG WORD\nRUN echo $WORD > /word\n` });
  const image = uniqueImage();
  await mustBuild(namespace, ["-t", `${image}-a`, "--build-arg", "WORD=a", "--provenance=true", root]);
  await mustBuild(namespace, ["-t", `${image}-b`, "--build-arg", "WORD=b", root]);

  const metadata = join(root, "metadata.json");
  const tools = (...args: string[]): ReturnType<typeof slipway> =>
    slipway(["imagetools", ...args, `--registry-ca=${CA}`]);
  const made = await tools("create", "-t", image, "--metadata-file", metadata, `${image}-a`, `${image}-b`);
  expect([made.code, made.stdout]).toEqual([0, ""]);

  const summary = await tools("inspect", image);
  const digest = /^Digest: +(sha256:[0-9a-f]{64})$/m.exec(summary.stdout)?.[1] ?? "";
  const written = JSON.parse(await readFile(metadata, "utf8")) as { "containerimage.descriptor": { digest: string } };
  expect(written["containerimage.descriptor"].digest).toBe(digest);
  expect(made.stderr).toContain(`pushing ${digest} to ${image}`);
  const first = (await readImage(`${image}-a`)).digest;
  expect(summary.stdout).toContain(`@${first}`);

  const copy = uniqueImage(environment("REGISTRY_TLS"));
  expect((await tools("create", "--progress=none", "-t", copy, image)).output).toBe("");
  expect((await tools("inspect", "--format", "{{.Manifest.Digest}}", copy)).stdout).toBe(digest);
  const provenance = await tools("inspect", "--format", "{{json .Provenance}}", `${copy}@${first}`);
  expect(provenance.stdout).toContain('"SLSA"');
  expect((await readImage(`${copy}@${first}`, { scheme: "https" })).files.get("word")?.text).toBe("a\n");
});

test("a source that is not there ends in one sentence, and nothing is pushed", async () => {
  const image = uniqueImage();
  const { code, stderr } = await slipway(["imagetools", "create", "-t", image, `${image}-nothing`]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`ERROR: the registry has no image ${image}-nothing`)]);
  expect((await slipway(["imagetools", "inspect", image])).code).toBe(1);
});
