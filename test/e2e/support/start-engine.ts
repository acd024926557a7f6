/** Starts a container engine: Docker or Podman from Debian's packages, with its images and its socket in a directory that goes away. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { REGISTRY, environment } from "./build.ts";
import { compiled } from "./compiled.ts";
import { WAIT } from "./wait.ts";

export interface RunningEngine extends AsyncDisposable {
  /** Its own, with its data. */
  readonly directory: string;
  /** Path of its socket. */
  readonly socket: string;
  /** For DOCKER_HOST. */
  readonly host: string;
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

/** @returns the directory of the programs, laid out as they would be below `/` */
export function programs(engine: "docker" | "podman" | "ssh"): string {
  return execFileSync(SCRIPT, [engine], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

export const pathOf = (root: string): string =>
  [join(root, "usr/sbin"), join(root, "usr/bin"), process.env["PATH"]].join(":");

/**
 * Docker's classic store: 20.10, overlay2.
 * @param more further args of dockerd, of the engine's directory
 */
export function startDocker(
  more: (directory: string) => Promise<readonly string[]> = async () => [],
): Promise<RunningEngine> {
  return start("docker", async (root, directory, socket) => ({
    command: "dockerd",
    args: [
      ...dockerdArgs(directory, socket),
      `--insecure-registry=${environment("REGISTRY_AUTH")}`,
      ...(await more(directory)),
    ],
    env: { PATH: pathOf(root) },
    // The namespace of containers with the host's network stays mounted, if there was one.
    mounts: [join(directory, "exec/netns/default")],
  }));
}

/** Docker of the sources of 29, compiled as a part of the test cluster, with the cluster's own containerd and runc: its containerd store. */
export function startDockerWithContainerd(): Promise<RunningEngine> {
  return start("docker", async (_root, directory, socket) => ({
    command: compiled("docker", "dockerd"),
    args: [...dockerdArgs(directory, socket), "--ip6tables=false", "--userland-proxy=false"],
    env: {
      PATH: [
        dirname(compiled("containerd", "containerd")),
        dirname(compiled("runc", "runc")),
        process.env["PATH"],
      ].join(":"),
    },
    mounts: [join(directory, "exec/netns/default")],
  }));
}

/** In its own directory, and without changes to the machine's network. */
function dockerdArgs(directory: string, socket: string): string[] {
  return [
    `--data-root=${join(directory, "data")}`,
    `--exec-root=${join(directory, "exec")}`,
    `--pidfile=${join(directory, "pid")}`,
    `--host=unix://${socket}`,
    "--iptables=false",
    "--bridge=none",
    `--insecure-registry=${REGISTRY}`,
  ];
}

/** Podman 4.3 as a service. */
export function startPodman(): Promise<RunningEngine> {
  return start("podman", async (root, directory, socket) => {
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

async function start(kind: "docker" | "podman", prepare: Prepare): Promise<RunningEngine> {
  // Docker's client speaks to both.
  const path = pathOf(programs("docker"));
  const directory = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  const socket = join(directory, "engine.sock");
  const host = `unix://${socket}`;
  const { command, args, env, mounts } = await prepare(programs(kind), directory, socket);
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  const closed = once(child, "close");
  const engine: RunningEngine = {
    directory,
    socket,
    host,
    async docker(...rest) {
      const own = { PATH: path, HOME: directory, DOCKER_HOST: host };
      return (await promisify(execFile)("docker", rest, { env: own })).stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
      for (const mount of mounts) await promisify(execFile)("umount", [mount]).catch(() => {});
      await rm(directory, { recursive: true, force: true });
    },
  };
  for (let tries = WAIT.timeout / WAIT.interval; !(await answers(socket)); await setTimeout(WAIT.interval)) {
    if (child.exitCode === null && tries-- > 0) continue;
    await engine[Symbol.asyncDispose]();
    throw new Error(`${command} does not answer`);
  }
  return engine;
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: "/_ping" }, (answer) => {
      answer.resume();
      resolve(true);
    })
      .on("error", () => resolve(false))
      .end();
  });
}
