/** Contexts of all sizes, each way they travel: what arrives is what was sent. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage, sha256 } from "./support/registry.ts";

const namespace = useNamespace();
const COPIES = `FROM ${BUSYBOX}\nCOPY . /all\n`;

function eventsOf(stderr: string): { type: string; stage?: string; detail?: string; bytes?: number }[] {
  return stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
}

test("1 KB is sent as a ConfigMap by default", async () => {
  const image = uniqueImage();
  const data = randomBytes(1024);
  const root = await project({ Dockerfile: COPIES, "deep/er/data.bin": data });
  const run = await mustBuild(namespace, ["--progress", "json", "-t", image, root]);
  expect((await readImage(image)).files.get("all/deep/er/data.bin")?.sha256).toBe(sha256(data));
  expect(eventsOf(run.stderr).some((event) => event.stage === "ship")).toBe(false);
});

test("5 MB is streamed by default, and the size is reported", async () => {
  const image = uniqueImage();
  const data = randomBytes(5_000_000);
  const root = await project({
    Dockerfile: COPIES,
    "data.bin": data,
    empty: "",
    "run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
  });
  const run = await mustBuild(namespace, ["--progress", "json", "-t", image, root]);
  const { files } = await readImage(image);
  expect(files.get("all/data.bin")?.sha256).toBe(sha256(data));
  expect(files.get("all/run.sh")?.mode).toBe(0o755);
  expect(files.get("all/empty")?.size).toBe(0);
  const shipped = eventsOf(run.stderr).find((event) => event.type === "stage-done" && event.stage === "ship");
  expect(shipped?.bytes).toBeGreaterThan(5_000_000);
});

test("5 MB through a volume of the pod's own", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const data = randomBytes(5_000_000);
  const root = await project({ Dockerfile: COPIES, "data.bin": data });
  await mustBuild(namespace, ["--transport", "pvc", "--volume-size", "100Mi", "-t", image, root]);
  expect((await readImage(image)).files.get("all/data.bin")?.sha256).toBe(sha256(data));
});

test("300 MB as a stream: the checksum in the pod is the one of the sent bytes", { tags: ["long"] }, async () => {
  const data = Buffer.alloc(300_000_000);
  const noise = randomBytes(1_000_003);
  for (let at = 0; at < data.length; at += noise.length) noise.copy(data, at);
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nCOPY data.bin /\nRUN sha256sum /data.bin\n`,
    "data.bin": data,
  });
  const run = await mustBuild(namespace, [root]);
  expect(run.stderr).toContain(`${sha256(data)}  /data.bin`);
});

test("--transport configmap is refused for a context that is too large", async () => {
  const root = await project({ Dockerfile: COPIES, "data.bin": randomBytes(1_000_000) });
  const run = await build(namespace, ["--transport", "configmap", root]);
  expect(run.code).toBe(125);
  expect(run.stderr).toMatch(
    /^ERROR: the packed context is larger than the 768 KiB that a ConfigMap can hold\n  - \S/m,
  );
});
