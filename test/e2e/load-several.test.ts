/** `--load` of an image of two platforms: into stores that keep indexes; the others refuse it before anything is created. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useDocker, useDockerWithContainerd, usePodman } from "./support/engine.ts";
import { useKindCluster } from "./support/kind-cluster.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { useNodes } from "./support/nodes.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";

useNodes();
const namespace = useNamespace({ nodes: "all", rbac: ["--keep"] });
const BOTH = "--platform=linux/amd64,linux/arm64";
const MACHINES = { amd64: "x86_64", arm64: "aarch64" };
const RUNS = (base: string): string => `FROM ${base}\nRUN uname -m > /arch\nCMD ["cat", "/arch"]\n`;
/** One pod of BuildKit makes both images. */
const CROSS = (base: string): string => `FROM --platform=$BUILDPLATFORM ${base} AS build
ARG TARGETARCH
RUN echo $TARGETARCH | sed 's/amd64/x86_64/; s/arm64/aarch64/' > /arch
FROM ${base}
COPY --from=build /arch /arch
CMD ["cat", "/arch"]
`;

type Row = readonly [
  title: string,
  builder: BuilderName,
  flags: readonly string[],
  dockerfile: (base: string) => string,
];
const LOADING: readonly Row[] = [
  ["kaniko", "kaniko", [], RUNS],
  ["buildkit", "buildkit", [], RUNS],
  ["buildah", "buildah", [], RUNS],
  ["img", "img", [], RUNS],
  ["kept builders", "buildkit", ["--keep=5m"], RUNS],
  ["one pod that cross-compiles", "buildkit", [], CROSS],
  ["one kept builder that cross-compiles", "buildkit", ["--keep=5m"], CROSS],
];

describe("the nodes of a kind cluster", () => {
  const engine = useDocker();
  const kind = useKindCluster(engine);

  test.each(LOADING)(
    "get both images from %s, under every name",
    { tags: ["long"] },
    async (title, builder, flags, dockerfile) => {
      const { base, flags: own } = testBuilder(builder);
      const root = await project({ Dockerfile: dockerfile(base) });
      const name = `several-${title.replaceAll(" ", "-")}`;
      const args = [...own, ...flags, BOTH, "--load=kind:lab", "--iidfile=id", "-t", name, "-t", `${name}:v2`, "."];
      const { stderr } = await mustBuild(namespace, args, { cwd: root, env: { DOCKER_HOST: engine.host } });
      expect(stderr).toContain(`=> loaded ${name}:latest\n=> loaded ${name}:v2\n`);
      const id = await readFile(join(root, "id"), "utf8");
      for (const node of kind.nodes) {
        for (const tag of ["latest", "v2"]) {
          const listed = await kind.ctr(node, "images", "list", `name==docker.io/library/${name}:${tag}`);
          expect(listed).toContain(id);
          expect(listed).toContain("linux/amd64,linux/arm64");
        }
        for (const [arch, machine] of Object.entries(MACHINES)) {
          expect(await layerFile(node, name, arch)).toBe(machine);
        }
      }
    },
  );

  /** The file /arch of one platform's image in a node. */
  async function layerFile(node: string, name: string, arch: string): Promise<string> {
    const full = `docker.io/library/${name}:latest`;
    const at = `/tmp/${name}-${arch}`;
    await kind.ctr(node, "images", "unpack", `--platform=linux/${arch}`, full).catch(() => "");
    await engine.docker("exec", node, "mkdir", "-p", at);
    await kind.ctr(node, "images", "mount", `--platform=linux/${arch}`, full, at);
    try {
      return await engine.docker("exec", node, "cat", `${at}/arch`);
    } finally {
      await kind.ctr(node, "images", "unmount", "--rm", at);
    }
  }
});

describe("Docker's containerd store", () => {
  const engine = useDockerWithContainerd();

  test.each(LOADING)(
    "gets both images from %s, under every name, and runs each",
    { tags: ["long"] },
    async (title, builder, flags, dockerfile) => {
      const { base, flags: own } = testBuilder(builder);
      const root = await project({ Dockerfile: dockerfile(base) });
      const name = `several-${title.replaceAll(" ", "-")}`;
      const args = [...own, ...flags, BOTH, "--load", "-q", "-t", name, "-t", `${name}:v2`, "."];
      const { stdout, stderr } = await mustBuild(namespace, args, { cwd: root, env: { DOCKER_HOST: engine.host } });
      expect(stderr).toBe("");
      for (const tag of ["latest", "v2"]) {
        expect(await engine.docker("image", "inspect", "--format={{.Id}}", `${name}:${tag}`)).toBe(stdout.trim());
      }
      for (const [arch, machine] of Object.entries(MACHINES)) {
        const run = ["run", "--rm", "--network=host", `--platform=linux/${arch}`, name];
        expect(await engine.docker(...run)).toBe(machine);
      }
    },
  );

  test("an image is loaded without a name, and loaded and pushed with one", { tags: ["long"] }, async () => {
    const image = uniqueImage();
    const root = await project({ Dockerfile: RUNS(BUSYBOX) });
    const env = { DOCKER_HOST: engine.host };
    const nameless = await mustBuild(namespace, [BOTH, "--load", "-q", "."], { cwd: root, env });
    expect(await engine.docker("image", "inspect", "--format={{.RepoTags}}", nameless.stdout.trim())).toBe("[]");
    const both = await mustBuild(namespace, [BOTH, "--load", "--push", "-q", "-t", image, "."], { cwd: root, env });
    expect(await engine.docker("image", "inspect", "--format={{.Id}}", image)).toBe(both.stdout.trim());
    expect((await slipway(["imagetools", "inspect", image])).stdout).toContain("linux/arm64");
  });
});

describe("a store that keeps one platform of an image", () => {
  const docker = useDocker();
  const podman = usePodman();

  test.each([
    ["Docker's classic store", () => docker.host, "Docker 20.10", "containerd image store"],
    ["Podman", () => podman.host, "Podman Engine 4.3", ""],
  ])("%s is known before anything is created, and the error names the ways out", async (_, host, name, more) => {
    const before = await objectsIn(namespace.name);
    const root = await project({ Dockerfile: RUNS(BUSYBOX) });
    const done = await build(namespace, [BOTH, "--load", "-t", "app", "."], {
      cwd: root,
      env: { DOCKER_HOST: host() },
    });
    expect(done.code).toBe(1);
    expect(done.stdout).toBe("");
    const sentence = "docker exporter does not currently support exporting manifest lists";
    expect(done.stderr).toContain(`ERROR: ${sentence}: ${name}`);
    expect(done.stderr).toContain(`at ${host()} (DOCKER_HOST) keeps one platform of an image\n`);
    for (const remedy of ["--platform linux/amd64 --load", "--push without --load", "-o type=oci,dest=FILE", more]) {
      expect(done.stderr).toContain(remedy);
    }
    expect(done.stderr).not.toContain("=> create");
    expect(await objectsIn(namespace.name)).toEqual(before);
  });
});
