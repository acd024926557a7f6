/** Registries that ask for a password, speak TLS with their own CA, or speak plain http. */
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const namespace = useNamespace();
const AUTH = environment("REGISTRY_AUTH");
const USER = environment("REGISTRY_AUTH_USER");
const PASSWORD = environment("REGISTRY_AUTH_PASSWORD");
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");

const DOCKERFILE = `FROM ${BUSYBOX}\nRUN true\n`;

function dockerConfig(user: string, password: string): string {
  return JSON.stringify({ auths: { [AUTH]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } });
}

test("the password of the user's docker config is used, for pull and push, and removed from the cluster", async () => {
  const image = uniqueImage(AUTH);
  const root = await project({
    Dockerfile: `FROM ${AUTH}/busybox:1.35\nRUN true\n`,
    "docker/config.json": dockerConfig(USER, PASSWORD),
  });
  const run = await mustBuild(namespace, ["-q", "-t", image, root], { env: { DOCKER_CONFIG: `${root}/docker` } });
  const built = await readImage(image, { login: `${USER}:${PASSWORD}` });
  expect(run.stdout).toBe(`${built.configDigest}\n`);
  expect((await objectsIn(namespace.name)).filter((name) => /secret|configmap/.test(name))).toEqual([]);
});

test("a wrong password is exit code 4 and one sentence", async () => {
  const root = await project({ Dockerfile: DOCKERFILE, "docker/config.json": dockerConfig(USER, "wrong") });
  const run = await build(namespace, ["-q", "-t", uniqueImage(AUTH), root], {
    env: { DOCKER_CONFIG: `${root}/docker` },
  });
  expect(run.code).toBe(4);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(new RegExp(`^ERROR: not authorised to push to ${AUTH}\\S*: .+$`, "m"));
});

test("a Secret of the namespace is used instead with --registry-secret", { tags: ["long"] }, async () => {
  const image = uniqueImage(AUTH);
  await kubectl([
    "create",
    "secret",
    "docker-registry",
    "push",
    "-n",
    namespace.name,
    `--docker-server=${AUTH}`,
    `--docker-username=${USER}`,
    `--docker-password=${PASSWORD}`,
  ]);
  onTestFinished(async () => void (await kubectl(["delete", "secret", "push", "-n", namespace.name])));
  const root = await project({ Dockerfile: DOCKERFILE });
  await mustBuild(namespace, ["--registry-secret", "push", "-t", image, root], { env: { DOCKER_CONFIG: root } });
  expect((await readImage(image, { login: `${USER}:${PASSWORD}` })).digest).toMatch(/^sha256:/);
  expect(await objectsIn(namespace.name)).toContain("secret/push");
});

test("a registry's own CA reaches the builder", async () => {
  const image = uniqueImage(TLS);
  const root = await project({ Dockerfile: `FROM ${TLS}/busybox:1.35\nRUN true\n` });
  const without = await build(namespace, ["-t", image, root]);
  expect(without.code).toBe(1);
  expect(without.stderr).toMatch(
    /ERROR: the builder does not know the authority that signed the certificate of .*\n  - Give its certificate with --registry-ca FILE/,
  );
  const run = await mustBuild(namespace, ["-q", "--registry-ca", CA, "-t", image, root]);
  expect(run.stdout).toBe(`${(await readImage(image, { scheme: "https" })).configDigest}\n`);
});

test("--insecure-registry needs no CA", { tags: ["long"] }, async () => {
  const image = uniqueImage(TLS);
  const root = await project({ Dockerfile: DOCKERFILE });
  const run = await mustBuild(namespace, ["-q", "--insecure-registry", TLS, "-t", image, root]);
  expect(run.stdout).toBe(`${(await readImage(image, { scheme: "https" })).configDigest}\n`);
});
