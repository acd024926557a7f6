/** What the files in integrations/ call, against the real cluster. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { BUSYBOX, environment, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { installProgram } from "./support/slipway.ts";

const namespace = useNamespace();
const ROOT = new URL("../../", import.meta.url).pathname;
const DOCKERFILE = `FROM ${BUSYBOX}\nARG SAYS\nRUN echo "$SAYS" > /said\nLABEL says=$SAYS\n`;

/** Runs a script of bash in a directory, as a CI system's shell does, with slipway on its PATH. */
async function job(cwd: string, script: string, env: Readonly<Record<string, string>>) {
  const bin = join(cwd, ".bin");
  await mkdir(bin, { recursive: true });
  await installProgram(bin);
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
    cwd,
    env: {
      ...process.env,
      HOME: cwd,
      PATH: `${bin}:${process.env["PATH"]}`,
      KUBECONFIG: namespace.kubeconfig,
      SLIPWAY_NAMESPACE: namespace.name,
      ...env,
    },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the GitHub Action pushes what its inputs say, and its outputs are of that image", async () => {
  const image = uniqueImage();
  const cwd = await project({ "app/Dockerfile": DOCKERFILE });
  const { status, stderr } = await job(cwd, `bash "${ROOT}integrations/github/build.sh"`, {
    RUNNER_TEMP: cwd,
    GITHUB_OUTPUT: join(cwd, "output"),
    INPUT_TAGS: `${image}:1\n${image}:2`,
    INPUT_BUILD_ARGS: "SAYS=a, b",
    INPUT_CONTEXT: "app",
    INPUT_KUBECONFIG: await readFile(namespace.kubeconfig, "utf8"),
    INPUT_PUSH: "true",
  });
  expect([status, stderr]).toEqual([0, expect.stringContaining(`pushed ${image}:2`)]);
  const { digest, config } = await readImage(`${image}:1`);
  expect(config.config.Labels).toMatchObject({ says: "a, b" });
  expect(await readFile(join(cwd, "output"), "utf8")).toContain(`digest=${digest}\n`);
});

test("the GitHub Action pushes nothing unless it is told to", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const cwd = await project({ Dockerfile: DOCKERFILE });
  const ran = await job(cwd, `bash "${ROOT}integrations/github/build.sh"`, {
    INPUT_TAGS: `${image}:1`,
    RUNNER_TEMP: cwd,
  });
  expect(ran).toMatchObject({ status: 0 });
  await expect(readImage(`${image}:1`)).rejects.toThrow("404");
});

test("the GitLab job logs in, pushes, and hands the digest to later jobs", async () => {
  const registry = environment("REGISTRY_AUTH");
  const image = uniqueImage(registry);
  const text = await readFile(`${ROOT}integrations/gitlab/slipway.gitlab-ci.yml`, "utf8");
  const { variables, script } = (load(text) as Record<string, { variables: Record<string, string>; script: string[] }>)[
    ".slipway"
  ] ?? { variables: {}, script: [] };
  const user = environment("REGISTRY_AUTH_USER");
  const password = environment("REGISTRY_AUTH_PASSWORD");
  const ci: Record<string, string> = {
    CI_REGISTRY: registry,
    CI_REGISTRY_USER: user,
    CI_REGISTRY_PASSWORD: password,
    CI_REGISTRY_IMAGE: image,
    CI_COMMIT_SHORT_SHA: "0abc",
  };
  const own = Object.entries(variables).map(([name, value]) => [
    name,
    value.replaceAll(/\$(\w+)/g, (_, of: string) => ci[of] ?? ""),
  ]);
  const cwd = await project({ Dockerfile: DOCKERFILE });
  const { status, stderr } = await job(cwd, ["set -e", ...script].join("\n"), { ...ci, ...Object.fromEntries(own) });
  expect([status, stderr]).toEqual([0, expect.stringContaining(`pushed ${image}:0abc`)]);
  const { digest } = await readImage(`${image}:0abc`, { login: `${user}:${password}` });
  expect(await readFile(join(cwd, "build.env"), "utf8")).toBe(`IMAGE_DIGEST=${digest}\n`);
});

test("the custom builder of skaffold pushes the image that skaffold names", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const cwd = await project({ "app/Dockerfile": DOCKERFILE });
  const script = `bash "${ROOT}integrations/skaffold/build.sh" --build-arg SAYS=skaffold`;
  const ran = await job(cwd, script, { IMAGE: `${image}:1`, BUILD_CONTEXT: join(cwd, "app"), PUSH_IMAGE: "true" });
  expect(ran).toMatchObject({ status: 0 });
  expect((await readImage(`${image}:1`)).config.config.Labels).toMatchObject({ says: "skaffold" });
});
