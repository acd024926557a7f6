/** The single executable of this machine's platform: installed by a copy, run without Node, against the real cluster. */
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, environment, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { RELEASE, VERSION, artefact } from "./artefacts.ts";
import { linesOf } from "./install-lines.ts";

const namespace = useNamespace();
let home = "";
let program = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-executable-"));
  await mkdir(join(home, "bin"));
  program = join(home, "bin/slipway");
  await copyFile(await artefact(`slipway-${VERSION}-linux-x64`), program);
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** With nothing in the environment but a home, and no program in the PATH. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, command = program) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: home,
    env: { HOME: home, PATH: "/nowhere", ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** A kubeconfig of a cluster at which nothing listens. */
async function unreachable(name: string, proxy?: string): Promise<string> {
  const path = join(home, name);
  const cluster = { server: "https://127.0.0.1:1", ...(proxy === undefined ? {} : { "proxy-url": proxy }) };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "a",
    clusters: [{ name: "a", cluster }],
    users: [{ name: "a", user: { token: "none" } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  };
  await writeFile(path, JSON.stringify(kubeconfig));
  return path;
}

test("the executable prints its version and its help without Node in the PATH", () => {
  expect(run(["--version"])).toEqual({
    status: 0,
    stdout: expect.stringMatching(new RegExp(`^slipway/${VERSION} linux-x64 node-v\\d+`)),
    stderr: "",
  });
  expect(run(["build", "--help"]).stdout).toContain("Build an image from a Dockerfile");
  expect(run(["build", "--nope"])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining("unknown flag: --nope"),
  });
});

test("the executable builds on the cluster and pushes what the Dockerfile says", async () => {
  const image = uniqueImage();
  const context = await mkdtemp(join(home, "context-"));
  await writeFile(
    join(context, "Dockerfile"),
    `FROM ${BUSYBOX}\nCOPY hello /hello\nRUN test "$(cat /hello)" = hello\n`,
  );
  await writeFile(join(context, "hello"), "hello\n");
  const args = [
    "build",
    "-n",
    namespace.name,
    "--metadata-file",
    join(home, "build.json"),
    "-t",
    `${image}:1`,
    context,
  ];
  const built = run(args, {
    KUBECONFIG: namespace.kubeconfig,
    SLIPWAY_KANIKO_IMAGE: environment("SLIPWAY_KANIKO_IMAGE"),
    SLIPWAY_HELPER_IMAGE: environment("SLIPWAY_HELPER_IMAGE"),
  });
  expect(built).toMatchObject({ status: 0, stdout: "" });
  const metadata = JSON.parse(await readFile(join(home, "build.json"), "utf8")) as Record<string, string>;
  expect(metadata["containerimage.digest"]).toBe((await readImage(`${image}:1`)).digest);
});

test("bake reads HCL with the reader that is inside", async () => {
  await writeFile(join(home, "docker-bake.hcl"), 'target "default" {\n  tags = [upper("a")]\n}\n');
  const { status, stdout } = run(["bake", "--print"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ target: { default: { tags: ["A"] } } });
});

test("the client of SOCKS proxies is inside", async () => {
  const { status, stderr } = run(["ps"], { KUBECONFIG: await unreachable("proxied", "socks5://127.0.0.1:2") });
  expect(status).toBe(3);
  expect(stderr).not.toContain("is not in the executable");
  expect(stderr).toMatch(/proxy/i);
});

test("a module that lies beside the executable is not loaded", async () => {
  await mkdir(join(home, "bin/node_modules/keytar"), { recursive: true });
  await writeFile(join(home, "bin/node_modules/keytar/index.js"), `require("fs").writeFileSync("${home}/loaded", "")`);
  for (const name of ["slipway.cjs", "bake.cjs", "socks.cjs"]) await writeFile(join(home, "bin", name), "throw 1");
  await mkdir(join(home, ".config/slipway"), { recursive: true });
  await writeFile(join(home, ".config/slipway/keychain.json"), JSON.stringify([REGISTRY]));
  const context = await mkdtemp(join(home, "context-"));
  await writeFile(join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  const { stderr } = run(["build", "-t", `${REGISTRY}/app`, context], { KUBECONFIG: await unreachable("none") });
  expect(stderr).toContain("the single executable cannot use the keychain");
  await expect(readFile(join(home, "loaded"))).rejects.toThrow("ENOENT");
});

test("a login is kept in docker's configuration file, and the user is told that it is not encrypted", async () => {
  const registry = environment("REGISTRY_AUTH");
  const login = [
    "login",
    "-u",
    environment("REGISTRY_AUTH_USER"),
    "-p",
    environment("REGISTRY_AUTH_PASSWORD"),
    registry,
  ];
  const { status, stderr } = run(login);
  expect(status).toBe(0);
  expect(stderr).toContain("to encrypt it, configure a credential helper");
  expect(JSON.parse(await readFile(join(home, ".docker/config.json"), "utf8"))).toHaveProperty(["auths", registry]);
});

test("NODE_OPTIONS, which is for the user's own programs, changes nothing", () => {
  expect(run(["--version"], { NODE_OPTIONS: "--require /nowhere.js" })).toMatchObject({ status: 0, stderr: "" });
});

test("called as a plugin of docker and of kubectl it is one", async () => {
  await symlink(program, join(home, "docker-slipway"));
  await symlink(program, join(home, "kubectl-slipway"));
  const { stdout } = run(["docker-cli-plugin-metadata"], {}, join(home, "docker-slipway"));
  expect(JSON.parse(stdout)).toMatchObject({ Vendor: "slipway", Version: VERSION });
  expect(run(["--version"], {}, join(home, "kubectl-slipway")).stdout).toContain(VERSION);
  const link = join(home, "plugins/docker-slipway");
  expect(run(["install-plugin", "docker", "--dir", join(home, "plugins")])).toMatchObject({ status: 0 });
  expect(run(["docker-cli-plugin-metadata"], {}, link).stdout).toBe(stdout);
});

test("SHA256SUMS is of the files beside it, as the install guide's line shows", () => {
  const line = linesOf("docs/guides/install.md", "Verify a release").find((each) => each.startsWith("sha256sum "));
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line ?? "false"], { cwd: RELEASE, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`slipway-${VERSION}-linux-x64: OK\n`);
  // Without --ignore-missing: of all of them.
  const strict = spawnSync("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], {
    cwd: RELEASE,
    encoding: "utf8",
  });
  expect([strict.status, strict.stderr]).toEqual([0, ""]);
});
