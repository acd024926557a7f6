/** `--load`: the image is in a real Docker engine afterwards, as the build reported it, and runs. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useDocker } from "./support/engine.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { PROGRAM } from "./support/slipway.ts";
import { WAIT } from "./support/wait.ts";
import { compiled } from "./support/compiled.ts";

/** Compiled once, from Go modules; see test/cluster/README.md. */
const COMPOSE = compiled("compose", "docker-compose");

const namespace = useNamespace({ rbac: ["--keep"] });
const engine = useDocker();

let count = 0;
/** A name without a registry that no other test uses. */
const localName = (): string => `local-${count++}`;

const idOf = (name: string): Promise<string> => engine.docker("image", "inspect", "--format={{.Id}}", name);
const run = (name: string): Promise<string> => engine.docker("run", "--rm", "--network=host", name);

const LOADING: readonly (readonly [title: string, builder: BuilderName, flags: readonly string[]])[] = [
  ["kaniko", "kaniko", []],
  ["buildkit", "buildkit", []],
  ["buildah", "buildah", []],
  ["img", "img", []],
  ["a kept builder", "buildkit", ["--keep=5m"]],
];

describe.each(LOADING)("%s", (_, builder, flags) => {
  const { base, flags: own } = testBuilder(builder);
  const files = { Dockerfile: `FROM ${base}\nRUN echo made > /made\nCMD ["cat", "/made"]\n` };

  test(
    "loads an image without a registry, under all its names and with the ID that is reported",
    { tags: ["long"] },
    async () => {
      const [first, second] = [localName(), `${localName()}:v2`];
      const root = await project(files);
      const names = builder === "img" ? [first] : [first, second];
      const tags = names.flatMap((name) => ["-t", name]);
      const args = [...own, ...flags, "--load", "-q", "--iidfile", "id", "--metadata-file", "m.json", ...tags, "."];
      const { stdout } = await mustBuild(namespace, args, { cwd: root, env: { DOCKER_HOST: engine.host } });
      const id = stdout.trim();
      for (const name of names) expect(await idOf(name)).toBe(id);
      expect(await readFile(join(root, "id"), "utf8")).toBe(id);
      const metadata = JSON.parse(await readFile(join(root, "m.json"), "utf8")) as Record<string, string>;
      expect(metadata["containerimage.config.digest"]).toBe(id);
      expect(await run(first)).toBe("made");
    },
  );

  test("loads an image without a name, and invents none", { tags: ["long"] }, async () => {
    const root = await project({ ...files, Dockerfile: `${files.Dockerfile}LABEL only=${builder}${flags.length}\n` });
    const { stdout } = await mustBuild(namespace, [...own, ...flags, "--load", "-q", "."], {
      cwd: root,
      env: { DOCKER_HOST: engine.host },
    });
    expect(await engine.docker("image", "inspect", "--format={{json .RepoTags}}", stdout.trim())).toBe("[]");
  });
});

test("an image is loaded, pushed and written to a file in one build", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo all > /all\nCMD ["cat", "/all"]\n` });
  const args = ["--load", "--push", "-o", "type=oci,dest=image.oci", "-q", "-t", image, "."];
  const { stdout } = await mustBuild(namespace, args, { cwd: root, env: { DOCKER_HOST: engine.host } });
  expect((await readImage(image)).configDigest).toBe(stdout.trim());
  expect(await idOf(image)).toBe(stdout.trim());
  expect((await readFile(join(root, "image.oci"))).length).toBeGreaterThan(0);
  expect(await run(image)).toBe("all");
});

test("`-o type=docker` without a file loads too", { tags: ["long"] }, async () => {
  const name = localName();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nLABEL a=b\n` });
  const { stdout } = await mustBuild(namespace, ["-o", `type=docker,name=${name}`, "-q", "."], {
    cwd: root,
    env: { DOCKER_HOST: engine.host },
  });
  expect(await idOf(name)).toBe(stdout.trim());
});

test.each([
  ["SLIPWAY_LOAD", {}, { SLIPWAY_LOAD: "1" }],
  ["the user's file", { "own/slipway/config.yaml": "load: true\n" }, {}],
  [
    "a trusted project's file",
    { "own/slipway/config.yaml": "trust: [../..]\n", ".slipway.yaml": "registry: registry.example.com\nload: true\n" },
    {},
  ],
])("%s loads images without --load, under the name that was typed", { tags: ["long"] }, async (_, files, env) => {
  const name = localName();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nLABEL name=${name}\n`, ...files });
  await mustBuild(namespace, ["-t", name, "."], {
    cwd: root,
    env: { DOCKER_HOST: engine.host, XDG_CONFIG_HOME: join(root, "own"), ...env },
  });
  expect(await engine.docker("image", "inspect", "--format={{.Config.Labels.name}}", name)).toBe(name);
});

test("only layers that the engine lacks are sent to it", { tags: ["long"] }, async () => {
  const name = localName();
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nCOPY big /big\nCOPY small /small\nCMD ["cat", "/small"]\n`,
    big: randomBytes(8_000_000),
    small: "one",
  });
  // A kept builder has the layer of the file that did not change; a new pod would make one with another time.
  const sent = async (text: string): Promise<number> => {
    const { stderr } = await mustBuild(namespace, ["--load", "--keep=5m", "--progress=json", "-t", name, "."], {
      cwd: await project({ Dockerfile: await readFile(join(root, "Dockerfile"), "utf8"), big, small: text }),
      env: { DOCKER_HOST: engine.host },
    });
    const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
    const events = lines.map((line) => JSON.parse(line) as { type: string; stage?: string; bytes?: number });
    return events.find(({ type, stage }) => type === "stage-done" && stage === "load")?.bytes ?? Number.NaN;
  };
  const big = await readFile(join(root, "big"));
  expect(await sent("one")).toBeGreaterThan(big.length);
  expect(await run(name)).toBe("one");
  expect(await sent("two")).toBeLessThan(big.length / 100);
  expect(await run(name)).toBe("two");
});

test(
  "`docker compose up --build` runs what was built, and keeps a container whose image is the same",
  { tags: ["long"] },
  async () => {
    const root = await project({
      "compose.yaml": `name: composed
services:
  web: { build: { dockerfile_inline: "FROM ${BUSYBOX}\\nRUN echo made > /made" }, network_mode: host, command: "sh -c 'cat /made; sleep 600'" }
`,
    });
    const env = {
      ...process.env,
      DOCKER_CONFIG: join(root, ".docker"),
      DOCKER_HOST: engine.host,
      KUBECONFIG: namespace.kubeconfig,
      SLIPWAY_NAMESPACE: namespace.name,
      SLIPWAY_KEEP: "5m",
      // The link leads to a script that asks for node.
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    };
    const [command, ...first] = PROGRAM;
    const go = (program: string, ...args: readonly string[]) => promisify(execFile)(program, args, { cwd: root, env });
    await go(command, ...first, "install-plugin", "compose");
    await go(COMPOSE, "up", "--build", "--detach");
    const container = await engine.docker("container", "inspect", "--format={{.Id}} {{.Image}}", "composed-web-1");
    await expect.poll(() => engine.docker("logs", "composed-web-1"), WAIT).toBe("made");
    expect(container.split(" ")[1]).toBe(await idOf("composed-web"));
    await go(COMPOSE, "up", "--build", "--detach");
    expect(await engine.docker("container", "inspect", "--format={{.Id}} {{.Image}}", "composed-web-1")).toBe(
      container,
    );
    await engine.docker("rm", "--force", "composed-web-1");
  },
);

test.each([
  ["none is found", {}, "--load needs a container engine on this machine, and there is none"],
  [
    "none listens",
    { DOCKER_HOST: "unix:///nowhere/docker.sock" },
    "--load cannot use the container engine at unix:///nowhere/docker.sock (DOCKER_HOST): there is no such socket",
  ],
])("without an engine (%s) nothing is created", async (_, env, message) => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const jobs = (): Promise<string> => kubectl(["get", "jobs", "-n", namespace.name, "-o", "name"]);
  const before = await jobs();
  const done = await build(namespace, ["--load", "-t", localName(), "."], {
    cwd: root,
    env: { DOCKER_HOST: "", XDG_RUNTIME_DIR: root, DOCKER_CONFIG: root, ...env },
  });
  expect(done.stderr).toContain(`ERROR: ${message}`);
  expect(done.code).toBe(1);
  expect(done.stdout).toBe("");
  expect(done.stderr).not.toContain("create");
  expect(await jobs()).toBe(before);
});
