/** Logging in to a registry: docker's real credential helper, a real Secret Service, docker's file; and building with it. */
import { spawnSync } from "node:child_process";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { IS_EXECUTABLE, PROGRAM, slipway } from "./support/slipway.ts";

const namespace = useNamespace();
const AUTH = environment("REGISTRY_AUTH");
const USER = environment("REGISTRY_AUTH_USER");
const PASSWORD = environment("REGISTRY_AUTH_PASSWORD");

let home: string;
let env: Record<string, string | undefined>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-login-"));
  env = {
    HOME: home,
    DOCKER_CONFIG: join(home, "docker"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: undefined,
    GNUPGHOME: join(home, "gnupg"),
    PASSWORD_STORE_DIR: join(home, "pass"),
  };
});

afterEach(async () => {
  spawnSync("gpgconf", ["--kill", "all"], { env: { ...process.env, ...env } });
  await rm(home, { recursive: true, force: true });
});

const login = (password: string) =>
  slipway(["login", "-u", USER, "--password-stdin", AUTH], { env, stdin: `${password}\n` });
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A script's output, run by a shell in this test's home. @throws Error when it fails */
function shell(script: string, extra: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
    env: { ...process.env, ...env, ...extra },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`ended with ${status}: ${stdout}${stderr}`);
  return stdout + stderr;
}

test.for([
  [["login", AUTH], "there is no terminal to ask for the user name and password"],
  [["login", "-u", USER, AUTH], "there is no terminal to ask for the password"],
  [["login", "-u", USER, "--password-stdin", AUTH], "the password is empty"],
  [["login", "--password-stdin", AUTH], "--password-stdin needs --username"],
] as const)("without a terminal nobody is asked: %j", async ([args, says]) => {
  const run = await slipway(args, { env, stdin: "" });
  expect([run.code, run.stdout]).toEqual([125, ""]);
  expect(run.stderr).toMatch(new RegExp(`^ERROR: ${says}$`, "m"));
  expect(await exists(join(home, "docker"))).toBe(false);
});

test("a password that the registry refuses is not kept", async () => {
  const run = await login("wrong");
  expect([run.code, run.stdout]).toEqual([4, ""]);
  expect(run.stderr).toMatch(new RegExp(`^ERROR: ${AUTH} does not accept this user name and password\n  - `));
  expect(await exists(join(home, "docker"))).toBe(false);
});

test("without a keychain the password goes to docker's file, with a warning; logout removes it", async () => {
  const run = await login(PASSWORD);
  expect([run.code, run.stdout]).toEqual([0, "Login Succeeded\n"]);
  expect(run.stderr).toMatch(/^WARNING: the password is stored unencrypted in \S+\/docker\/config\.json; .*\n$/);
  expect(run.output).not.toContain(PASSWORD);
  const image = uniqueImage(AUTH);
  const root = await project({ Dockerfile: `FROM ${AUTH}/busybox:1.35\nRUN true\n` });
  await mustBuild(namespace, ["-q", "-t", image, root], { env });
  expect((await readImage(image, { login: `${USER}:${PASSWORD}` })).digest).toMatch(/^sha256:/);
  expect((await slipway(["logout", AUTH], { env })).stdout).toBe(`Removed the login to ${AUTH}\n`);
  expect(await readFile(join(home, "docker/config.json"), "utf8")).not.toContain(AUTH);
  expect((await slipway(["logout", AUTH], { env })).stdout).toBe(`Not logged in to ${AUTH}\n`);
});

test(
  "docker's credential helper keeps the password if docker's configuration names one: docker-credential-pass",
  { tags: ["long"] },
  async () => {
    shell(`mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key test@example.com rsa2048 encr never 2>&1
    pass init test@example.com
    mkdir "$DOCKER_CONFIG"`);
    await writeFile(join(home, "docker/config.json"), '{"credsStore":"pass"}');
    const run = await login(PASSWORD);
    expect([run.code, run.stdout, run.stderr]).toEqual([0, "Login Succeeded\n", "stored in docker-credential-pass\n"]);
    expect(shell("docker-credential-pass list")).toContain(`"${AUTH}":"${USER}"`);
    expect(await readFile(join(home, "docker/config.json"), "utf8")).toBe('{"credsStore":"pass"}');
    const image = uniqueImage(AUTH);
    const root = await project({ Dockerfile: `FROM ${AUTH}/busybox:1.35\nRUN true\n` });
    await mustBuild(namespace, ["-q", "-t", image, root], { env });
    expect((await slipway(["logout", AUTH], { env })).code).toBe(0);
    expect(shell("docker-credential-pass list")).not.toContain(AUTH);
  },
);

// The executable cannot use it: docs/guides/install.md#what-differs.
test.skipIf(IS_EXECUTABLE)(
  "the keychain (a Secret Service) keeps the password, and no file has it",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${AUTH}/busybox:1.35\nRUN true\n` });
    const image = uniqueImage(AUTH);
    const output = shell(
      `dbus-run-session -- bash -euo pipefail -c '
      printf test | gnome-keyring-daemon --daemonize --unlock --components=secrets >/dev/null
      printf %s "$PASSWORD" | $PROGRAM login -u "$LOGIN" --password-stdin ${AUTH}
      ! grep -rF -e "$PASSWORD" "$HOME/config" "$HOME/docker" 2>/dev/null
      $PROGRAM build -q -n ${namespace.name} -t ${image} ${root}
      $PROGRAM logout ${AUTH}
      $PROGRAM logout ${AUTH}'`,
      { PROGRAM: PROGRAM.join(" "), PASSWORD, LOGIN: USER },
    );
    const { configDigest } = await readImage(image, { login: `${USER}:${PASSWORD}` });
    expect(output).toContain(
      `Login Succeeded\n${configDigest}\nRemoved the login to ${AUTH}\nNot logged in to ${AUTH}\n`,
    );
    expect(output).toContain("stored in the keychain\n");
    expect(output).not.toContain("WARNING");
  },
);

test("--no-credentials sends no credentials although there are some", async () => {
  await login(PASSWORD);
  const root = await project({ Dockerfile: `FROM ${AUTH}/busybox:1.35\n` });
  const run = await build(namespace, ["--no-credentials", "-t", uniqueImage(AUTH), root], { env });
  expect(run.code).toBe(4);
  expect(run.stderr).toMatch(/^ERROR: not authorised to (?:pull|push) /m);
});
