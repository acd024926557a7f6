/** Faults of the client's machine: a wrong clock, a full disk, a closed output. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";

import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { PROGRAM, slipway } from "./support/slipway.ts";

const run = promisify(execFile);
const namespace = useNamespace({ rbac: ["--manage"] });

/** The environment of a process that reads another time of day; how long things take stays as it is. */
async function clock(offset: string): Promise<Record<string, string>> {
  const { stdout } = await run("faketime", ["-m", "-f", offset, "printenv", "LD_PRELOAD"]);
  return { LD_PRELOAD: stdout.trim(), FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

test("clock a day ahead: the build is right, and ages use the cluster's clock", { tags: ["long"] }, async () => {
  const env = { ...(await clock("+1d")), KUBECONFIG: namespace.kubeconfig };
  const image = uniqueImage();
  await mustBuild(namespace, ["-t", image, await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo hi > /hi\n` })], {
    env,
  });
  await expect(readImage(image)).resolves.toMatchObject({ digest: expect.stringMatching(/^sha256:/) as string });
  const ps = await slipway(["ps", "-a", "-n", namespace.name], { env });
  expect(ps.stdout).toMatch(/ built .* (?:\d+ s|now|just now|[\d.]+ s ago|\d+ s ago) /);
  const prune = await slipway(["prune", "-f", "--older-than", "1h", "-n", namespace.name], { env });
  expect([prune.code, prune.stdout]).toEqual([0, ""]);
});

test("clock before the cluster's certificate: the error names this machine's time, and nothing is created", async () => {
  const made = await madeFromNow(namespace.name);
  const env = await clock("-400d");
  const failed = await build(namespace, [await project({ Dockerfile: `FROM ${BUSYBOX}\n` })], { env });
  expect([failed.code, failed.stdout]).toEqual([3, ""]);
  expect(failed.stderr).toMatch(
    /^ERROR: the certificate of \S+ is not trusted: certificate is not yet valid\n {2}- Check this machine's clock \(\d{4}-/m,
  );
  expect(await made()).toEqual([]);
});

/** A disk of 64 kB. */
async function smallDisk(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=64k", "none", directory]);
  onTestFinished(async () => {
    await run("umount", [directory]);
    await rmdir(directory);
  });
  return directory;
}

test("full disk: the error names the file, no partial file is left, and the image exists", async () => {
  const disk = await smallDisk();
  await writeFile(join(disk, "filler"), Buffer.alloc(56 * 1024));
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo hi > /hi\n` });
  const archive = await build(namespace, ["-o", `type=oci,dest=${join(disk, "image.tar")}`, root]);
  expect(archive.code).toBe(1);
  expect(archive.stderr).toMatch(
    /^ERROR: the result is built, but \S+image\.tar cannot be written: ENOSPC.*\n {2}- Free some space/m,
  );
  await writeFile(join(disk, "more"), Buffer.alloc(8 * 1024)).catch(() => {});
  const image = uniqueImage();
  const metadata = await build(namespace, ["-t", image, "--metadata-file", join(disk, "metadata.json"), root]);
  expect(metadata.code).toBe(1);
  expect(metadata.stderr).toMatch(/^ERROR: the image was built, but --metadata-file \S+ cannot be written: ENOSPC/m);
  await expect(readImage(image)).resolves.toBeDefined();
  expect((await readdir(disk)).filter((name) => name !== "filler" && name !== "more")).toEqual([]);
});

test("output closed by its reader: the build continues to its end", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN for i in 1 2 3; do echo line $i; sleep 1; done\n` });
  const words = [...PROGRAM, "build", "-n", namespace.name, "-t", image, root];
  const script = '"$@" 2>&1 >/dev/null | head -1; echo "${PIPESTATUS[0]}"';
  const env = { ...process.env, NO_COLOR: "1", CI: "", KUBECONFIG: namespace.kubeconfig };
  const { stdout } = await run("bash", ["-c", script, "bash", ...words], { env });
  expect(stdout).toBe("=> building with kaniko\n0\n");
  await expect(readImage(image)).resolves.toBeDefined();
});
