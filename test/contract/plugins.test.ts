/** Slipway as a plugin of the real docker CLI, compose and kubectl: they find, call and cancel it. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { BUSYBOX } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { compiled } from "../e2e/support/compiled.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import type { Files } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import { imageName, isKept, isSlipway, run } from "./look-alike.ts";
import type { Run } from "./look-alike.ts";
import { printing } from "../e2e/support/step-lines.ts";

const namespace = useNamespace();
const ROOT = new URL("../../", import.meta.url).pathname;
const PROGRAM = join(ROOT, "bin/run.js");

interface Scene {
  readonly root: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly go: (command: string, ...args: readonly string[]) => Promise<Run>;
}

/** Makes a project with its own docker configuration, and installs slipway as a plugin in it. */
async function scene(files: Files, host: "docker" | "compose" | "kubectl"): Promise<Scene> {
  const root = await project(files);
  const image = imageName();
  const env = {
    DOCKER_CONFIG: join(root, ".config"),
    SLIPWAY_NAMESPACE: namespace.name,
    IMAGE: image,
    BASE: BUSYBOX,
    // The installed links point to a script that starts `node` from the PATH.
    PATH: `${join(root, "bin")}:${dirname(process.execPath)}:${process.env["PATH"]}`,
  };
  const go: Scene["go"] = (command, ...args) => run(command, args, { cwd: root, env });
  const dir = host === "kubectl" ? ["--dir", join(root, "bin")] : [];
  const installed = await go(process.execPath, PROGRAM, "install-plugin", host, ...dir);
  expect(installed).toMatchObject({ code: 0, stderr: "" });
  return { root, image, env, go };
}

const PROJECT = {
  Dockerfile: `FROM ${BUSYBOX} AS release\nARG VERSION=none\nLABEL version=$VERSION\n`,
  "docker/Dockerfile": `FROM ${BUSYBOX} AS release\nARG VERSION=none\nLABEL version=$VERSION\nFROM ${BUSYBOX}\nRUN false\n`,
  "web/Dockerfile": `FROM ${BUSYBOX}\nCOPY page /page\n`,
  "web/page": "page\n",
  VERSION: "1.2.3\n",
};

describe.runIf(isSlipway)("docker compose", () => {
  const COMPOSE = compiled("compose", "docker-compose");
  const files = async () => ({
    ...PROJECT,
    "compose.yaml": await readFile(new URL("scripts/compose.yaml", import.meta.url), "utf8"),
    ".env": "VERSION=2.0\n",
  });

  test("compose builds three services with slipway", async () => {
    const { image, go } = await scene(await files(), "compose");
    const done = await go(COMPOSE, "build");
    expect({ code: done.code, stderr: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, stderr: "" });
    const api = await readImage(`${image}-api:2.0`);
    expect(api.config.config.Labels).toMatchObject({
      version: "2.0",
      "org.opencontainers.image.title": "The API, for $5",
    });
    expect((await readImage(`${image}-web`)).files.get("page")?.text).toBe("page\n");
    expect((await readImage(`${image}-job`)).files.get("job")?.text).toBe("page\n");
    for (const name of ["web", "api:2.0", "job"])
      expect(done.stderr).toMatch(new RegExp(`Image ${image}-${name} Built`));
    // Compose reads the steps from rawjson, and prints them like BuildKit's.
    expect(done.stdout).toMatch(/^#\d+ \[web 2\/2\] COPY page \/page$/m);
    expect(done.stdout).toContain("there is no local engine to load images into");
  });

  test("compose builds one service quietly, and pushes it", async () => {
    const { image, go } = await scene(await files(), "compose");
    expect(await go(COMPOSE, "build", "--push", "--quiet", "web")).toMatchObject({ code: 0, stdout: "" });
    expect((await readImage(`${image}-web`)).files.has("page")).toBe(true);
  });

  test("compose builds a service for two platforms, and pushes it as there is no engine that could keep it", async () => {
    const { image, go } = await scene(
      {
        "compose.yaml": `services:
  both: { image: "\${IMAGE}-both:1", build: { context: ., platforms: [linux/amd64, linux/arm64] } }
  one: { image: "\${IMAGE}-one:1", build: { context: . } }\n`,
        Dockerfile: `FROM --platform=$BUILDPLATFORM ${BUSYBOX} AS build
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
COPY --from=build /arch /arch\n`,
        // One node is enough for it, as the Dockerfile cross-compiles.
        ".slipway.yaml": "builder: buildkit\n",
      },
      "compose",
    );
    const done = await go(COMPOSE, "build");
    expect({ code: done.code, stderr: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, stderr: "" });
    expect(done.stdout).toContain("there is no local engine to load images into");
    const inspected = await go(process.execPath, PROGRAM, "imagetools", "inspect", "--raw", `${image}-both:1`);
    const { manifests } = JSON.parse(inspected.stdout) as {
      readonly manifests: readonly { readonly digest: string }[];
    };
    const built = await Promise.all(manifests.map(({ digest }) => readImage(`${image}-both@${digest}`)));
    expect(built.map(({ files }) => files.get("arch")?.text)).toEqual(["amd64\n", "arm64\n"]);
    expect((await readImage(`${image}-one:1`)).files.get("arch")?.text).toBe("amd64\n");
  });

  test("compose names the service that failed, and stops the others", async () => {
    const { go } = await scene(
      {
        "compose.yaml": `services:
  bad: { image: "\${IMAGE}-bad", build: { context: ., dockerfile_inline: "FROM ${BUSYBOX}\\nRUN echo oh no; exit 7" } }
  slow: { image: "\${IMAGE}-slow", build: { context: ., dockerfile_inline: "FROM ${BUSYBOX}\\nRUN sleep 600" } }\n`,
      },
      "compose",
    );
    const done = await go(COMPOSE, "build");
    expect(done.code).toBe(1);
    expect(done.stdout).toContain("oh no");
    expect(done.stderr).toContain("target bad: Dockerfile line 2: `RUN echo oh no; exit 7` ended with exit code 7");
    const jobs = await kubectl(["get", "jobs", "-n", namespace.name, "-o", "name"]);
    expect(jobs).not.toContain("-slow-");
  });
});

describe.runIf(isSlipway)("the docker CLI", () => {
  const DOCKER = compiled("buildx", "docker");

  test("docker lists slipway as a command, and runs it", async () => {
    const { image, go } = await scene(PROJECT, "docker");
    expect((await go(DOCKER, "--help")).stdout).toMatch(/slipway\*? +Build images in pods of your own/);
    const done = await go(DOCKER, "--log-level", "error", "slipway", "build", "-q", "-t", image, ".");
    expect(done).toEqual({ code: 0, stdout: `${(await readImage(image)).configDigest}\n`, stderr: "" });
    expect((await go(DOCKER, "slipway", "build", "--nope", ".")).code).toBe(125);
  });

  test("docker builds with slipway instead of buildx", async () => {
    const { image, go } = await scene(PROJECT, "compose");
    const done = await go(DOCKER, "build", "-q", "-t", image, "--build-arg", "VERSION=3", ".");
    const built = await readImage(image);
    expect(done).toEqual({ code: 0, stdout: `${built.configDigest}\n`, stderr: "" });
    expect(built.config.config.Labels).toMatchObject({ version: "3" });
    expect((await go(DOCKER, "buildx", "version")).stdout).toMatch(/^slipway v/);
  });

  test("an interrupt of docker reaches slipway, which removes the build", async () => {
    const { env, root, image } = await scene({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo begun; sleep 600\n` }, "docker");
    const child = spawn(DOCKER, ["slipway", "build", "-t", image, "."], { cwd: root, env: { ...process.env, ...env } });
    onTestFinished(() => void child.kill("SIGKILL"));
    let stderr = "";
    let interrupted = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      // Interrupts only docker. A terminal would send the signal to slipway, too.
      if (!interrupted && printing("begun").test(stderr)) interrupted = child.kill("SIGINT");
    });
    const code = await new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    expect({ code, stderr }).toMatchObject({
      code: 130,
      stderr: expect.stringContaining("stopped by Ctrl-C") as string,
    });
    const name = /create: (slipway-[a-z0-9-]+)$/m.exec(stderr)?.[1] ?? "";
    // A kept builder stays, and is all there is.
    const jobs = isKept ? ["-l", "!slipway.dev/keep"] : [name, "--ignore-not-found"];
    expect(await kubectl(["get", "job", "-n", namespace.name, ...jobs, "-o", "name"])).toBe("");
  });
});

describe.runIf(isSlipway)("kubectl", () => {
  test("kubectl runs slipway as a command", async () => {
    const { image, go } = await scene(PROJECT, "kubectl");
    const done = await go("kubectl", "slipway", "build", "-n", namespace.name, "-q", "-t", image, ".");
    expect(done).toEqual({ code: 0, stdout: `${(await readImage(image)).configDigest}\n`, stderr: "" });
  });
});
