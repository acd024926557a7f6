/** `--load=kind`: the image is in the containerd of a kind cluster's nodes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild } from "./support/build.ts";
import { useDocker } from "./support/engine.ts";
import { useKindCluster } from "./support/kind-cluster.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();
const engine = useDocker();
const kind = useKindCluster(engine);

test(
  "every node has the image under the names by which pods find it, with the ID that is reported",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo made > /made\n` });
    const args = ["--load=kind:lab", "--iidfile=id", "-t", "app", "-t", "registry.example.com/other:v2", "."];
    const { stderr } = await mustBuild(namespace, args, { cwd: root, env: { DOCKER_HOST: engine.host } });
    expect(stderr).toContain("=> loaded app:latest\n");
    const id = await readFile(join(root, "id"), "utf8");
    for (const node of kind.nodes) {
      const names = (await kind.ctr(node, "images", "list", "--quiet")).split("\n");
      // containerd's CRI names an image by its ID as well.
      for (const name of ["docker.io/library/app:latest", "registry.example.com/other:v2", id])
        expect(names).toContain(name);
      expect(await kind.ctr(node, "images", "check", "name==docker.io/library/app:latest")).toContain("complete");
    }
  },
);

test.each([
  [
    "a cluster that does not exist",
    ["--load=kind", "-t", "app"],
    'the engine runs no node of a kind cluster with the name "kind"',
  ],
  [
    "an image without a name",
    ["--load=kind:lab"],
    "--load=kind needs a name for the image, as pods find it by its name",
  ],
])("%s is refused before anything is created", async (_, args, message) => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const done = await build(namespace, [...args, "."], { cwd: root, env: { DOCKER_HOST: engine.host } });
  expect(done.code).not.toBe(0);
  expect(done.stderr).toContain(`ERROR: ${message}`);
  expect(done.stderr).not.toContain("create");
});
