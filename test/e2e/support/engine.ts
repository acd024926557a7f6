/** A container engine of a test file's own: Docker from Debian's packages, with its images and its socket in a directory that goes away. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, vi } from "vitest";
import { REGISTRY } from "./build.ts";
import { WAIT } from "./wait.ts";

export interface TestEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Path of its socket. */
  readonly socket: string;
  /** Runs docker's client and returns its standard output, trimmed. */
  docker(...args: readonly string[]): Promise<string>;
}

const SCRIPT = new URL("../../cluster/engine", import.meta.url).pathname;

/** Docker's classic store: 20.10, overlay2. Starts before the tests of the file, and ends after them. */
export function useDocker(): TestEngine {
  const started = { directory: "", path: "" };
  let stop = async (): Promise<void> => {};
  const engine: TestEngine = {
    get socket() {
      return join(started.directory, "docker.sock");
    },
    get host() {
      return `unix://${engine.socket}`;
    },
    async docker(...args) {
      const env = { PATH: started.path, HOME: started.directory, DOCKER_HOST: engine.host };
      return (await promisify(execFile)("docker", args, { env })).stdout.trim();
    },
  };
  beforeAll(async () => {
    const root = execFileSync(SCRIPT, ["docker"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    started.path = [join(root, "usr/sbin"), join(root, "usr/bin"), process.env["PATH"]].join(":");
    started.directory = await mkdtemp(join(tmpdir(), "slipway-engine-"));
    const at = (name: string): string => join(started.directory, name);
    const child = spawn(
      "dockerd",
      [
        `--data-root=${at("data")}`,
        `--exec-root=${at("exec")}`,
        `--pidfile=${at("pid")}`,
        `--host=${engine.host}`,
        "--iptables=false",
        "--bridge=none",
        `--insecure-registry=${REGISTRY}`,
      ],
      { env: { ...process.env, PATH: started.path }, stdio: "ignore" },
    );
    const closed = once(child, "close");
    stop = async () => {
      child.kill();
      await closed;
      // The namespace of containers with the host's network stays mounted, if there was one.
      await promisify(execFile)("umount", [at("exec/netns/default")]).catch(() => {});
      await rm(started.directory, { recursive: true, force: true });
    };
    await vi.waitFor(() => ping(engine.socket), WAIT);
  }, WAIT.timeout);
  afterAll(() => stop());
  return engine;
}

function ping(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/_ping" }, (answer) => {
      answer.resume();
      resolve();
    })
      .on("error", reject)
      .end();
  });
}
