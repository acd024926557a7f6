/** A registry with a token service: passwords, refresh tokens and tokens for one build, and which builder takes what. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, build, environment, mustBuild } from "./support/build.ts";
import { revision, statesBetween } from "./support/etcd.ts";
import { Marks, newMark } from "./support/marks.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import { ADDRESS } from "./support/own-registry.ts";
import { startTokenRegistry } from "./support/token-service.ts";
import type { TokenRegistry } from "./support/token-service.ts";

const namespace = useNamespace();
const withKept = useNamespace({ rbac: ["--keep"] });
const USER = "ci";
const PASSWORD = newMark();
const marks = new Marks({ password: PASSWORD });

let registry: TokenRegistry;
let home: string;

beforeAll(async () => {
  registry = await startTokenRegistry(USER, PASSWORD);
  home = await mkdtemp(join(tmpdir(), "slipway-tokens-"));
});

afterAll(async () => {
  await registry.stop();
  await rm(home, { recursive: true, force: true });
});

const basic = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString("base64");

/** A project whose directory is docker's configuration directory as well. */
const projectWith = (entry: object, host = registry.host): Promise<string> =>
  project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n`, "config.json": JSON.stringify({ auths: { [host]: entry } }) });

test("login keeps the service's refresh token, not the password, and kaniko builds with it", async () => {
  const env = {
    HOME: home,
    DOCKER_CONFIG: home,
    XDG_CONFIG_HOME: home,
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: undefined,
  };
  const login = ["login", "-u", USER, "--password-stdin", "--insecure-registry", registry.host, registry.host];
  expect((await slipway(login, { env, stdin: "wrong" })).code).toBe(4);
  const run = await slipway(login, { env, stdin: PASSWORD });
  expect([run.code, run.stdout]).toEqual([0, "Login Succeeded\n"]);
  const kept = JSON.parse(await readFile(join(home, "config.json"), "utf8")) as object;
  expect(kept).toEqual({
    auths: { [registry.host]: { auth: basic(USER, ""), identitytoken: registry.refreshToken } },
  });
  expect(marks.inFiles(home)).toEqual([]);
  registry.asked.length = 0;
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const built = await mustBuild(namespace, ["-q", "-t", `${registry.host}/team/app`, root], { env });
  // The ID is the registry's answer to the client, which logged in the same way.
  expect(built.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(new Set(registry.asked.map(({ by }) => by))).toEqual(new Set(["refresh token"]));
});

test(
  "a refresh token without a user, as from a credential helper, works with Buildah too",
  { tags: ["long"] },
  async () => {
    const root = await projectWith({ identitytoken: registry.refreshToken });
    registry.asked.length = 0;
    await mustBuild(namespace, ["--builder=buildah", "-t", `${registry.host}/team/buildah`, root], {
      env: { DOCKER_CONFIG: root },
    });
    expect(new Set(registry.asked.map(({ by }) => by))).toEqual(new Set(["refresh token"]));
  },
);

test.each([
  ["kaniko", "2h", true],
  ["buildkit", "4m", false],
])(
  "--registry-tokens: %s is sent a token for its repositories, and no password",
  { tags: ["long"] },
  async (builder, timeout, late) => {
    const root = await projectWith({ auth: basic(USER, PASSWORD) });
    registry.asked.length = 0;
    const before = await revision();
    const args = [`--builder=${builder}`, "--registry-tokens", `--timeout=${timeout}`];
    const run = await mustBuild(namespace, [...args, "-t", `${registry.host}/team/${builder}`, root], {
      env: { DOCKER_CONFIG: root },
    });
    // The pod has asked for none. The client reads what was pushed.
    const [first, ...reads] = registry.asked;
    const client = { by: "password", from: ADDRESS };
    expect(first).toEqual({ ...client, scopes: [`repository:team/${builder}:pull,push`] });
    expect(reads).toEqual(reads.map(() => ({ ...client, scopes: [`repository:team/${builder}:pull`] })));
    const states = await statesBetween(before, await revision());
    const secret = states.find(({ key }) => key.startsWith(`/registry/secrets/${namespace.name}/slipway-${builder}-`));
    expect(secret?.value.toString()).toContain("registrytoken");
    expect(states.filter(({ value }) => marks.in(value).length > 0)).toEqual([]);
    expect(
      run.stderr.includes(`the token for ${registry.host} expires after 300 seconds, and the build may take 7200`),
    ).toBe(late);
  },
);

test("a kept builder gets tokens from the client, and no password", async () => {
  const root = await projectWith({ auth: basic(USER, PASSWORD) });
  const env = { DOCKER_CONFIG: root };
  registry.asked.length = 0;
  const image = `${registry.host}/team/kept`;
  await mustBuild(withKept, ["--keep=5m", "-t", image, root], { env });
  expect(registry.asked.map(({ scopes }) => scopes.join(" "))).toContain("repository:team/kept:pull,push");
  // The second one has a private base image, too.
  await writeFile(join(root, "Dockerfile"), `FROM ${image}\nRUN echo more > /more\n`);
  await mustBuild(withKept, ["--keep=5m", "-t", `${registry.host}/team/second`, root], { env });
  expect(new Set(registry.asked.map(({ by, from }) => `${by} from ${from}`))).toEqual(
    new Set([`password from ${ADDRESS}`]),
  );
});

test("--registry-tokens is refused for builders that do not support it, and for a registry without tokens", async () => {
  const root = await projectWith({ auth: basic(USER, PASSWORD) });
  const args = ["--registry-tokens", "-t", `${registry.host}/team/app`, root];
  const buildah = await build(namespace, ["--builder=buildah", ...args], { env: { DOCKER_CONFIG: root } });
  expect([buildah.code, buildah.stderr]).toEqual([
    125,
    "ERROR: buildah cannot do --registry-tokens\n  - Use --builder kaniko or --builder buildkit.\n  - Or let slipway choose a builder: --builder auto.\n",
  ]);
  const plain = environment("REGISTRY_AUTH");
  const entry = { auth: basic(environment("REGISTRY_AUTH_USER"), environment("REGISTRY_AUTH_PASSWORD")) };
  await writeFile(join(root, "config.json"), JSON.stringify({ auths: { [plain]: entry } }));
  const none = await build(namespace, ["--registry-tokens", "-t", `${plain}/team/app`, root], {
    env: { DOCKER_CONFIG: root },
  });
  expect([none.code, none.stderr]).toEqual([
    125,
    expect.stringContaining(`ERROR: ${plain} has no token service, so a build needs the password\n  - `),
  ]);
});

test("the error names the registry that refused, not its token service", async () => {
  const root = await projectWith({ auth: basic(USER, "wrong") });
  const run = await build(namespace, ["-t", `${registry.host}/team/app`, root], { env: { DOCKER_CONFIG: root } });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain(`ERROR: not authorised to push to ${registry.host}: it refused the credentials\n`);
});
