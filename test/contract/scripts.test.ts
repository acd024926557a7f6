/** Typical scripts that call docker run unchanged, with slipway as the `docker` on their PATH. */
import { chmod, copyFile, readFile, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import { imageName, run } from "./look-alike.ts";
import type { Run } from "./look-alike.ts";

const namespace = useNamespace();
const PROGRAM = new URL("../../bin/run.js", import.meta.url).pathname;
const DOCKERFILE = `FROM ${BUSYBOX} AS release\nARG VERSION=none\nARG GIT_COMMIT=none\nLABEL version=$VERSION commit=$GIT_COMMIT\n`;

interface Scene {
  readonly root: string;
  readonly image: string;
  readonly script: (name: string, env?: Record<string, string>) => Promise<Run>;
}

async function scene(): Promise<Scene> {
  const root = await project({ Dockerfile: DOCKERFILE, "docker/Dockerfile": DOCKERFILE, VERSION: "1.2.3\n" });
  const docker = join(root, "bin/docker");
  execFileSync("mkdir", [join(root, "bin")]);
  await writeFile(docker, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(docker, 0o755);
  for (const name of ["ci.sh", "release.sh", "generated.sh", "Makefile", "publish.mk"]) {
    await copyFile(new URL(`scripts/${name}`, import.meta.url), join(root, name));
  }
  const image = imageName();
  return {
    root,
    image,
    script: (name, env = {}) =>
      run(
        name.endsWith(".mk") || name === "Makefile" ? "make" : "sh",
        name.endsWith(".mk") || name === "Makefile"
          ? ["-s", "-f", name, "push"]
          : ["-c", `exec ${name.startsWith("release") ? "bash" : "sh"} ./${name}`],
        {
          cwd: root,
          env: {
            PATH: `${root}/bin:${process.env["PATH"]}`,
            SLIPWAY_NAMESPACE: namespace.name,
            IMAGE: image,
            BASE: BUSYBOX,
            ...env,
          },
        },
      ),
  };
}

test("a CI job that uses -q and --iidfile succeeds", async () => {
  const { image, script } = await scene();
  const done = await script("ci.sh", { GIT_COMMIT: "abc123" });
  const built = await readImage(`${image}:abc123`);
  expect(done).toEqual({ code: 0, stdout: `built ${image}:abc123 as ${built.configDigest}\n`, stderr: "" });
  expect(built.config.config.Labels).toMatchObject({ commit: "abc123" });
  expect((await readImage(`${image}:latest`)).digest).toBe(built.digest);
});

test("a release script that uses --metadata-file and jq succeeds", async () => {
  const { root, image, script } = await scene();
  const done = await script("release.sh", { VERSION: "2.0" });
  const built = await readImage(`${image}:2.0`);
  expect(done).toEqual({ code: 0, stdout: `image: ${image}@${built.digest}\n`, stderr: "" });
  expect(built.config.config.Labels).toMatchObject({ "org.opencontainers.image.version": "2.0" });
  expect(await readFile(join(root, "deploy.yaml"), "utf8")).toBe(done.stdout);
});

test("a Makefile that sets DOCKER succeeds", async () => {
  const { image, script } = await scene();
  const done = await script("Makefile");
  const built = await readImage(`${image}:stable`);
  expect({ code: done.code, stdout: done.stdout }).toEqual({ code: 0, stdout: `${built.configDigest}\n` });
  expect((await readImage(`${image}:1.2.3`)).config.config.Labels).toMatchObject({ version: "1.2.3" });
});

test("a script that pipes a generated Dockerfile and an archive succeeds", async () => {
  const { image, script } = await scene();
  const done = await script("generated.sh");
  const built = await readImage(`${image}:archive`);
  expect(done).toEqual({ code: 0, stdout: `${built.configDigest}\n`, stderr: "" });
  expect((await readImage(`${image}:generated`)).config.config.Labels).toEqual({ made: "here" });
});

test("a Makefile that builds, tags and pushes succeeds", async () => {
  const { root, image, script } = await scene();
  const done = await script("publish.mk");
  const built = await readImage(`${image}:1.2.3`);
  expect({ code: done.code, stderr: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, stderr: "" });
  expect(done.stdout).toMatch(
    new RegExp(
      `^The push refers to repository \\[${image}\\]\n1\\.2\\.3: digest: ${built.digest} size: \\d+\n${image}:latest\n`,
    ),
  );
  for (const other of [`${image}:latest`, `${image}-mirror:1.2.3`])
    expect((await readImage(other)).digest).toBe(built.digest);
  expect((await readFile(join(root, "pushed.digest"), "utf8")).trim()).toBe(built.digest);
  expect(await readFile(join(root, "push.err"), "utf8")).toMatch(
    /^ERROR: the registry has no image \S+:nobody-built-this\n/,
  );
});
