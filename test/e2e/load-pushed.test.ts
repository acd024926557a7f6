/** `--load` of an image that is also pushed: a Docker engine that reaches its registry pulls it. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { countSent, useDocker } from "./support/engine.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import type { Files } from "./support/project.ts";

const builds = useNamespace();
const kept = useNamespace({ rbac: ["--keep"] });
const engine = useDocker();

const REGISTRY_AUTH = environment("REGISTRY_AUTH");
const files = (): Files => ({ Dockerfile: `FROM ${BUSYBOX}\nCOPY big /big\n`, big: randomBytes(4_000_000) });
const idOf = (name: string): Promise<string> => engine.docker("image", "inspect", "--format={{.Id}}", name);

/** A docker configuration with the login of the registry that wants one. */
function dockerConfig(): string {
  const login = `${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`;
  return JSON.stringify({ auths: { [REGISTRY_AUTH]: { auth: Buffer.from(login).toString("base64") } } });
}

test.each([
  ["a builder of its own", builds, []],
  ["a kept builder", kept, ["--keep=5m", "--insecure-registry", REGISTRY_AUTH]],
] as const)(
  "from %s it is pulled with the user's login, and next to nothing is sent",
  { tags: ["long"] },
  async (_, namespace, flags) => {
    const image = uniqueImage(REGISTRY_AUTH);
    const root = await project({
      ...files(),
      ".docker/config.json": dockerConfig(),
      ".dockerignore": ".docker\n*.sock\n",
    });
    await using counting = await countSent(engine.socket, join(root, "counted.sock"));
    const args = [
      ...flags,
      "--load",
      "--push",
      "--progress=json",
      "--iidfile=id",
      "-t",
      image,
      "-t",
      `${image}:second`,
      ".",
    ];
    const env = { DOCKER_HOST: counting.host, DOCKER_CONFIG: join(root, ".docker") };
    const { stderr } = await mustBuild(namespace, args, { cwd: root, env });
    for (const name of [image, `${image}:second`])
      expect(await idOf(name)).toBe(await readFile(join(root, "id"), "utf8"));
    expect(counting.bytes()).toBeLessThan(10_000);
    expect(stderr).toContain(`pulled from ${REGISTRY_AUTH}`);
    // Nothing comes from the pod either.
    expect(stderr).not.toContain('"export"');
  },
);

test("it is sent to an engine that does not reach its registry", async () => {
  // The engine does not know this registry's CA.
  const image = uniqueImage(environment("REGISTRY_TLS"));
  const args = ["--load", "--push", "--registry-ca", environment("REGISTRY_CA"), "-q", "-t", image, "."];
  const { stdout } = await mustBuild(builds, args, { cwd: await project(files()), env: { DOCKER_HOST: engine.host } });
  expect(await idOf(image)).toBe(stdout.trim());
});
