/**
 * A container engine of a test file's own: Docker or Podman from Debian's packages, with its images and its socket in a directory that
 * goes away.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, vi } from "vitest";
import { REGISTRY, environment } from "./build.ts";
import { WAIT } from "./wait.ts";

export interface TestEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Path of its socket. */
  readonly socket: string;
  /** Runs docker's client and returns its standard output, trimmed. */
  docker(...args: readonly string[]): Promise<string>;
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Mounts that the engine leaves behind. */
  readonly mounts: readonly string[];
}

/** @param root the directory of the programs @param directory the engine's own @param socket its address */
type Prepare = (root: string, directory: string, socket: string) => Promise<Start>;

const SCRIPT = new URL("../../cluster/engine", import.meta.url).pathname;

function programs(engine: "docker" | "podman"): string {
  return execFileSync(SCRIPT, [engine], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

const pathOf = (root: string): string => [join(root, "usr/sbin"), join(root, "usr/bin"), process.env["PATH"]].join(":");

/**
 * Docker's classic store: 20.10, overlay2. Starts before the tests of the file, and ends after them.
 * @param more further args of dockerd, of the engine's directory
 */
export function useDocker(more: (directory: string) => Promise<readonly string[]> = async () => []): TestEngine {
  return useEngine("docker", async (root, directory, socket) => ({
    command: "dockerd",
    args: [
      `--data-root=${join(directory, "data")}`,
      `--exec-root=${join(directory, "exec")}`,
      `--pidfile=${join(directory, "pid")}`,
      `--host=unix://${socket}`,
      "--iptables=false",
      "--bridge=none",
      `--insecure-registry=${REGISTRY}`,
      `--insecure-registry=${environment("REGISTRY_AUTH")}`,
      ...(await more(directory)),
    ],
    env: { PATH: pathOf(root) },
    // The namespace of containers with the host's network stays mounted, if there was one.
    mounts: [join(directory, "exec/netns/default")],
  }));
}

/** Podman 4.3 as a service. */
export function usePodman(): TestEngine {
  return useEngine("podman", async (root, directory, socket) => {
    const at = (name: string): string => join(directory, name);
    await mkdir(at(".config/containers"), { recursive: true });
    await writeFile(at(".config/containers/policy.json"), '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
    await writeFile(at("registries.conf"), `[[registry]]\nlocation = "${REGISTRY}"\ninsecure = true\n`);
    await writeFile(
      at("storage.conf"),
      `[storage]\ndriver = "overlay"\ngraphroot = "${at("data")}"\nrunroot = "${at("run")}"\n`,
    );
    await writeFile(
      at("containers.conf"),
      `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
seccomp_profile = "${root}/usr/share/containers/seccomp.json"
[engine]
conmon_path = ["${root}/usr/bin/conmon"]
runtime = "runc"
helper_binaries_dir = ["${root}/usr/lib/podman"]
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
runc = ["${root}/usr/sbin/runc", "${root}/usr/bin/runc"]
[network]
network_backend = "netavark"
network_config_dir = "${at("networks")}"
`,
    );
    return {
      command: "podman",
      args: [`--tmpdir=${at("tmp")}`, "system", "service", "--time=0", `unix://${socket}`],
      env: {
        PATH: pathOf(root),
        HOME: directory,
        LD_LIBRARY_PATH: `${root}/usr/lib/x86_64-linux-gnu`,
        CONTAINERS_CONF: at("containers.conf"),
        CONTAINERS_STORAGE_CONF: at("storage.conf"),
        CONTAINERS_REGISTRIES_CONF: at("registries.conf"),
      },
      mounts: [at("data/overlay")],
    };
  });
}

function useEngine(kind: "docker" | "podman", prepare: Prepare): TestEngine {
  const started = { directory: "", path: "" };
  let stop = async (): Promise<void> => {};
  const engine: TestEngine = {
    get socket() {
      return join(started.directory, "engine.sock");
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
    // Docker's client speaks to both.
    started.path = pathOf(programs("docker"));
    started.directory = await mkdtemp(join(tmpdir(), "slipway-engine-"));
    const { command, args, env, mounts } = await prepare(programs(kind), started.directory, engine.socket);
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: "ignore" });
    const closed = once(child, "close");
    stop = async () => {
      child.kill();
      await closed;
      for (const mount of mounts) await promisify(execFile)("umount", [mount]).catch(() => {});
      await rm(started.directory, { recursive: true, force: true });
    };
    await vi.waitFor(() => ping(engine.socket), WAIT);
  }, WAIT.timeout);
  afterAll(() => stop());
  return engine;
}

export interface Counting extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** What has been sent to the engine so far. */
  bytes(): number;
}

/** Puts a socket before an engine's, which counts what is sent to the engine. */
export async function countSent(engine: string, path: string): Promise<Counting> {
  let bytes = 0;
  const server = createServer((client) => {
    const to = connect(engine);
    client
      .on("data", (chunk) => (bytes += chunk.length))
      .pipe(to)
      .pipe(client);
    for (const [one, other] of [
      [client, to],
      [to, client],
    ] as const)
      one.on("error", () => other.destroy());
  }).listen(path);
  await once(server, "listening");
  return {
    host: `unix://${path}`,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
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
