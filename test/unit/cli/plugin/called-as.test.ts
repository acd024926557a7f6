/** The built program under its other names, as docker and kubectl start it. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

const PROGRAM = new URL("../../../../bin/run.js", import.meta.url).pathname;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-names-"));
  for (const name of ["docker-slipway", "docker-buildx", "kubectl-slipway", "slipway"]) {
    await symlink(PROGRAM, join(folder, name));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function call(name: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, name), ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("as a plugin of docker's", () => {
  it("tells what it is, and nothing else", () => {
    const { status, stdout, stderr } = call("docker-slipway", "docker-cli-plugin-metadata");
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ SchemaVersion: "0.1.0", Vendor: "slipway" });
  });

  it("says once that an engine's flags choose nothing, and goes on", () => {
    const { status, stderr } = call("docker-slipway", "-H", "tcp://x", "slipway", "build", "--nope");
    expect(status).toBe(125);
    expect(stderr).toMatch(/^WARNING: nothing comes of docker's --host: .*\nERROR: unknown flag: --nope\n/);
  });

  it("has no completions, and says so as cobra does", () => {
    expect(call("docker-slipway", "__complete", "slipway", "b")).toEqual({ status: 0, stdout: ":4\n", stderr: "" });
  });

  it("refuses in one sentence what buildx has and slipway has not", () => {
    const { status, stdout, stderr } = call("docker-buildx", "buildx", "create", "--use");
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/^ERROR: buildx is slipway here, which has no `create`\n {2}- /);
  });

  it("is buildx by its version", () => {
    expect(call("docker-buildx", "buildx", "version").stdout).toMatch(/^slipway v0\.38\.2\+slipway\.\d+\.\d+\.\d+\n$/);
    expect(call("slipway", "buildx", "version").stdout).toBe(call("docker-buildx", "version").stdout);
  });
});

it("is the same program for kubectl", () => {
  const { status, stdout } = call("kubectl-slipway", "rbac", "-n", "builds");
  expect(status).toBe(0);
  expect(stdout).toBe(call("slipway", "rbac", "-n", "builds").stdout);
});

describe("what is not ours", () => {
  it.each([["images", "-a"], ["info"], ["run", "--rm", "busybox"], ["compose", "up"]])("docker %s", (...args) => {
    const { status, stdout, stderr } = call("slipway", ...args);
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(
      new RegExp(`^ERROR: slipway builds images, and has no command \`${args[0]}.*\n  - Ask docker itself.*\n$`),
    );
  });
});

/** A docker that holds its plugin's socket; `abstract` names are Linux's, which docker writes with an @. */
async function docker(name: string, onConnection: (letGo: () => void) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onConnection(() => socket.destroy());
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => {
    server.listen({ path: name }, resolve);
  });
  return server;
}

describe("docker's socket", () => {
  it.each([
    ["a path", () => join(folder, "socket"), (path: string) => path],
    ["an abstract name", () => `docker-cli-${process.pid}`, (name: string) => `\0${name}`],
  ])("by %s: its end interrupts", async (kind, name, listen) => {
    let letGo: (() => void) | undefined;
    const connected = new Promise<void>((resolve, reject) => {
      docker(listen(name()), (end) => {
        letGo = end;
        resolve();
      }).catch(reject);
    });
    // A build that reads its context from a pipe nobody writes to.
    const child = spawn(process.execPath, [join(folder, "docker-slipway"), "slipway", "build", "-"], {
      env: { ...process.env, DOCKER_CLI_PLUGIN_SOCKET: kind === "a path" ? name() : `@${name()}` },
      stdio: "pipe",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    await connected;
    letGo?.();
    expect(await ended).toBe(130);
  });
});
