/** Steps of Drone and of Banzai's pipelines, run as they are written, with `slipway` in their image's place. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, environment, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

const namespace = useNamespace();
const AUTH = environment("REGISTRY_AUTH");
const USER = environment("REGISTRY_AUTH_USER");
const PASSWORD = environment("REGISTRY_AUTH_PASSWORD");
const login = `${USER}:${PASSWORD}`;
const SAYS = `FROM ${BUSYBOX}\nARG SAYS\nRUN echo "[$SAYS]" > /said\nLABEL says=$SAYS\n`;

test("the plugin's own documented call, with the registry's login in DOCKER_USERNAME and DOCKER_PASSWORD", async () => {
  const image = uniqueImage(AUTH);
  const cwd = await project({ "Dockerfile.test": SAYS });
  const run = await slipway(["plugin", "-n", namespace.name], {
    cwd,
    env: {
      KUBECONFIG: namespace.kubeconfig,
      DOCKER_USERNAME: USER,
      DOCKER_PASSWORD: PASSWORD,
      PLUGIN_REPO: image,
      PLUGIN_TAGS: "test",
      PLUGIN_DOCKERFILE: "Dockerfile.test",
      PLUGIN_BUILD_ARGS: "SAYS=a 'b' $(c)",
      PLUGIN_SNAPSHOT_MODE: "redo",
      PLUGIN_ARTIFACT_FILE: "out/card.json",
      DRONE_OUTPUT: "out/variables",
    },
  });
  expect([run.code, run.stdout]).toEqual([0, ""]);
  expect(run.stderr).toMatch(/^WARNING: ignored, as it only tunes kaniko: PLUGIN_SNAPSHOT_MODE$/m);
  expect(run.stderr).not.toContain(PASSWORD);
  const { digest, config } = await readImage(`${image}:test`, { login });
  expect(config.config.Labels).toMatchObject({ says: "a 'b' $(c)" });
  expect(await readFile(join(cwd, "out/variables"), "utf8")).toBe(`digest=${digest}\n`);
  expect(JSON.parse(await readFile(join(cwd, "out/card.json"), "utf8"))).toMatchObject({
    kind: "docker/v1",
    data: { images: [{ image: `${image}:test`, digest }] },
  });
});

test("a build_image step with its login in a Secret of the namespace", { tags: ["long"] }, async () => {
  const image = uniqueImage(AUTH);
  await kubectl([
    "create",
    "secret",
    "generic",
    "hub",
    "-n",
    namespace.name,
    `--from-literal=user=${USER}`,
    `--from-literal=word=${PASSWORD}`,
  ]);
  const step = {
    image: "banzaicloud/kaniko-plugin:0.5.1",
    dockerfile: "Dockerfile",
    registry: AUTH,
    repo: image.slice(AUTH.length + 1),
    tags: "${DRONE_COMMIT_SHA}",
    secretFrom: {
      PLUGIN_USERNAME: { name: "hub", keyRef: "user" },
      PLUGIN_PASSWORD: { name: "hub", keyRef: "word" },
    },
  };
  const cwd = await project({ Dockerfile: SAYS, "pipeline.yaml": JSON.stringify({ pipeline: { build_image: step } }) });
  const args = ["pipeline", "pipeline.yaml", "build_image", "-n", namespace.name];
  // The Role of `slipway rbac` may not read Secrets; docs/guides/drone.md has the one that may.
  const env = { KUBECONFIG: namespace.kubeconfig, DRONE_COMMIT_SHA: "abc123" };
  const refused = await slipway(args, { cwd, env });
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/^ERROR: the user "\S+" may not get secrets in the namespace/m);
  const name = ["-n", namespace.name, "read-hub"];
  await kubectl(["create", "role", ...name, "--verb=get", "--resource=secrets", "--resource-name=hub"]);
  const account = `${namespace.name}:slipway`;
  await kubectl(["create", "rolebinding", ...name, "--role=read-hub", `--serviceaccount=${account}`]);
  const run = await slipway(args, { cwd, env });
  expect([run.code, run.stdout]).toEqual([0, ""]);
  const { digest } = await readImage(`${image}:abc123`, { login });
  expect(run.stderr).toContain(`built digest ${digest}`);
  expect(run.stderr).not.toContain(PASSWORD);
});
