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
  for (const name of ["docker-slipway", "docker-buildx", "kubectl-slipway", "kubectl_complete-slipway", "slipway"]) {
    await symlink(PROGRAM, join(folder, name));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function call(name: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, name), ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("as a plugin of docker", () => {
  it("docker-cli-plugin-metadata prints only the metadata", () => {
    const { status, stdout, stderr } = call("docker-slipway", "docker-cli-plugin-metadata");
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ SchemaVersion: "0.1.0", Vendor: "slipway" });
  });

  it("flags that select an engine give one warning and are ignored", () => {
    const { status, stderr } = call("docker-slipway", "-H", "tcp://x", "slipway", "build", "--nope");
    expect(status).toBe(125);
    expect(stderr).toMatch(/^WARNING: docker's --host is ignored: .*\nERROR: unknown flag: --nope\n/);
  });

  it("__complete is answered with slipway's own completion", () => {
    const { status, stdout, stderr } = call("docker-slipway", "__complete", "slipway", "build", "--builder", "k");
    expect([status, stdout, stderr]).toEqual([0, "kaniko\n:4\n", ""]);
    expect(call("docker-slipway", "__completeNoDesc", "slipway", "compl").stdout).toBe("completion\n:4\n");
  });

  it.each([
    [["b"], "bake\nbuild\n:4\n"],
    [["build", "--builder", "k"], "kaniko\n:4\n"],
    [["create", ""], ":4\n"],
  ])("__complete of buildx has only the commands that slipway has: %j", (words, stdout) => {
    expect(call("docker-buildx", "__complete", "buildx", ...words)).toEqual({ status: 0, stdout, stderr: "" });
  });

  it("a command of buildx that slipway does not have is refused in one sentence", () => {
    const { status, stdout, stderr } = call("docker-buildx", "buildx", "create", "--use");
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/^ERROR: slipway replaces buildx here, and has no command `create`\n {2}- /);
  });

  it("docker-buildx has the version of buildx", () => {
    expect(call("docker-buildx", "buildx", "version").stdout).toMatch(/^slipway v0\.38\.2\+slipway\.\d+\.\d+\.\d+\n$/);
    expect(call("slipway", "buildx", "version").stdout).toBe(call("docker-buildx", "version").stdout);
  });
});

it("kubectl-slipway is the same program", () => {
  const { status, stdout } = call("kubectl-slipway", "rbac", "-n", "builds");
  expect(status).toBe(0);
  expect(stdout).toBe(call("slipway", "rbac", "-n", "builds").stdout);
});

it("kubectl_complete-slipway completes the words that kubectl passes", () => {
  expect(call("kubectl_complete-slipway", "build", "--builder", "k").stdout).toBe("kaniko\n:4\n");
});

describe("commands of a container engine", () => {
  it.each([["images", "-a"], ["info"], ["run", "--rm", "busybox"], ["compose", "up"]])(
    "`%s` is refused with a hint on docker, podman and nerdctl",
    (...args) => {
      const { status, stdout, stderr } = call("slipway", ...args);
      expect([status, stdout]).toEqual([125, ""]);
      expect(stderr).toMatch(
        new RegExp(
          `^ERROR: unknown command: ${args[0]}.*\n  - slipway only builds images: .*docker, podman or nerdctl\\.\n  - .*\n$`,
        ),
      );
    },
  );
});

/** A docker that holds its plugin's socket. Abstract names are a feature of Linux, and docker writes them with an @. */
async function docker(name: string, onConnection: (disconnect: () => void) => void): Promise<Server> {
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

describe("docker's plugin socket", () => {
  it.each([
    ["a path", () => join(folder, "socket"), (path: string) => path],
    ["an abstract name", () => `docker-cli-${process.pid}`, (name: string) => `\0${name}`],
  ])("the end of the socket under %s interrupts the build", async (kind, name, listen) => {
    let disconnect: (() => void) | undefined;
    const connected = new Promise<void>((resolve, reject) => {
      docker(listen(name()), (end) => {
        disconnect = end;
        resolve();
      }).catch(reject);
    });
    // A build that reads its context from a pipe without a writer.
    const child = spawn(process.execPath, [join(folder, "docker-slipway"), "slipway", "build", "-"], {
      env: { ...process.env, DOCKER_CLI_PLUGIN_SOCKET: kind === "a path" ? name() : `@${name()}` },
      stdio: "pipe",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    await connected;
    disconnect?.();
    expect(await ended).toBe(130);
  });
});
