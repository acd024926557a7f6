/**
 * Slipway never calls home: each command is run with a cluster and a registry at which nothing listens, and connects to nothing else. What commands
 * do where both answer is test/e2e/connections.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.ts";
import { traced } from "../support/connections.ts";
import type { Traced } from "../support/connections.ts";

const PROGRAM = new URL("../../../bin/run.js", import.meta.url).pathname;

/** What the user names. Nothing listens on these ports. */
const API_SERVER = "127.0.0.1:1";
const REGISTRY = "127.0.0.1:2";
const IMAGE = `${REGISTRY}/app:1`;

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: none
clusters: [{ name: none, cluster: { server: "https://${API_SERVER}" } }]
users: [{ name: none, user: { token: none } }]
contexts: [{ name: none, context: { cluster: none, user: none } }]
`;

const ENVIRONMENT = { env: { PATH: process.env["PATH"] } };

/** What a command line connects to, and with which code it then ends. Nothing: it needs neither cluster nor registry. */
const NOTHING = { connects: [], code: 0 };
const CLUSTER = { connects: [API_SERVER], code: 3 };
const THE_REGISTRY = { connects: [REGISTRY], code: 1 };
const REFUSED = { connects: [], code: 125 };

interface Line {
  readonly typed: string;
  readonly outcome: { readonly connects: readonly string[]; readonly code: number };
}

const LINES: Readonly<Record<string, readonly Line[]>> = {
  attach: [{ typed: "attach a", outcome: CLUSTER }],
  bake: [
    { typed: "bake", outcome: CLUSTER },
    { typed: "bake --print", outcome: NOTHING },
  ],
  build: [
    { typed: `build -t ${IMAGE} .`, outcome: CLUSTER },
    // Its base image is in the registry.
    { typed: `build -t ${IMAGE} -f Dockerfile.base .`, outcome: { ...CLUSTER, connects: [API_SERVER, REGISTRY] } },
    { typed: `build --keep 5m -t ${IMAGE} .`, outcome: CLUSTER },
    { typed: `build --detach -t ${IMAGE} .`, outcome: CLUSTER },
    { typed: `build --dry-run -t ${IMAGE} .`, outcome: NOTHING },
    { typed: `build --dry-run -t registry.example.com/app .`, outcome: NOTHING },
    { typed: "build --check .", outcome: NOTHING },
    { typed: "build --help", outcome: NOTHING },
  ],
  builders: [{ typed: "builders", outcome: NOTHING }],
  "builders:inspect": [{ typed: "builders inspect kaniko", outcome: NOTHING }],
  "buildx:version": [{ typed: "buildx version", outcome: NOTHING }],
  "cache:ls": [{ typed: "cache ls", outcome: CLUSTER }],
  "cache:rm": [{ typed: "cache rm a", outcome: CLUSTER }],
  cancel: [{ typed: "cancel a", outcome: CLUSTER }],
  completion: [
    { typed: "completion bash", outcome: NOTHING },
    { typed: "__complete build --buil", outcome: NOTHING },
    { typed: "__complete build --namespace t", outcome: { ...CLUSTER, code: 0 } },
  ],
  config: [{ typed: "config", outcome: NOTHING }],
  context: [{ typed: "context .", outcome: NOTHING }],
  doctor: [{ typed: `doctor -t ${IMAGE}`, outcome: CLUSTER }],
  "imagetools:create": [{ typed: `imagetools create -t ${IMAGE} ${REGISTRY}/app:2`, outcome: THE_REGISTRY }],
  "imagetools:inspect": [{ typed: `imagetools inspect ${IMAGE}`, outcome: THE_REGISTRY }],
  init: [
    { typed: `init --registry ${REGISTRY} --builder auto -n team`, outcome: CLUSTER },
    { typed: `init --registry ${REGISTRY} --builder auto -n team --no-doctor`, outcome: NOTHING },
  ],
  inspect: [{ typed: "inspect a", outcome: CLUSTER }],
  "install-plugin": [{ typed: "install-plugin docker --dir plugins", outcome: NOTHING }],
  keep: [
    { typed: "keep", outcome: NOTHING },
    { typed: "keep --all-users", outcome: CLUSTER },
  ],
  "keep:stop": [
    { typed: "keep stop a", outcome: REFUSED },
    { typed: "keep stop --all --all-users", outcome: CLUSTER },
  ],
  login: [{ typed: `login -u a -p b ${REGISTRY}`, outcome: { ...THE_REGISTRY, code: 3 } }],
  logout: [{ typed: `logout ${REGISTRY}`, outcome: NOTHING }],
  logs: [{ typed: "logs a", outcome: CLUSTER }],
  pipeline: [{ typed: "pipeline pipeline.yaml image", outcome: CLUSTER }],
  plugin: [{ typed: "plugin", outcome: CLUSTER }],
  prune: [{ typed: "prune -f", outcome: CLUSTER }],
  ps: [{ typed: "ps", outcome: CLUSTER }],
  push: [{ typed: `push ${IMAGE}`, outcome: THE_REGISTRY }],
  rbac: [{ typed: "rbac", outcome: NOTHING }],
  rm: [{ typed: "rm a", outcome: CLUSTER }],
  tag: [{ typed: `tag ${IMAGE} ${REGISTRY}/app:2`, outcome: THE_REGISTRY }],
  "uninstall-plugin": [{ typed: "uninstall-plugin docker --dir plugins", outcome: NOTHING }],
  version: [
    { typed: "version", outcome: NOTHING },
    { typed: "--version", outcome: NOTHING },
    { typed: "--help", outcome: NOTHING },
    { typed: "no-such-command", outcome: REFUSED },
  ],
  wait: [{ typed: "wait a", outcome: CLUSTER }],
  warm: [{ typed: `warm ${REGISTRY}/base:1`, outcome: CLUSTER }],
};

let home = "";
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "slipway-connections-"));
  writeFileSync(join(home, "kubeconfig"), KUBECONFIG);
});
afterAll(() => rmSync(home, { recursive: true }));

/** A home with a project, which no other command has changed. */
function project(): string {
  const directory = mkdtempSync(join(home, "project-"));
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  writeFileSync(join(directory, "Dockerfile.base"), `FROM ${REGISTRY}/base:1\nRUN true\n`);
  writeFileSync(join(directory, "docker-bake.json"), `{"target": {"default": {"tags": ["${IMAGE}"]}}}`);
  const step = { image: "banzaicloud/kaniko-plugin:0.5.1", repo: `${REGISTRY}/app` };
  writeFileSync(join(directory, "pipeline.yaml"), JSON.stringify({ pipeline: { image: step } }));
  return directory;
}

function slipway(typed: string): Promise<Traced> {
  const directory = project();
  const env = {
    HOME: directory,
    PATH: process.env["PATH"],
    KUBECONFIG: join(home, "kubeconfig"),
    // What a step of Drone has, for `plugin`.
    PLUGIN_REPO: `${REGISTRY}/app`,
  };
  return traced(process.execPath, [PROGRAM, ...typed.split(" ")], { cwd: directory, env });
}

describe("slipway never calls home", () => {
  it("is tested of every command", () => {
    expect(Object.keys(LINES)).toEqual(Object.keys(COMMANDS));
  });

  // Most of their time they wait before they ask again.
  it.concurrent.each(Object.values(LINES).flat())(
    "slipway $typed connects to $outcome.connects",
    async ({ typed, outcome }) => {
      const run = await slipway(typed);
      // With what it printed, for somebody who reads the difference.
      expect(run).toEqual({ ...run, connections: outcome.connects, sockets: [], code: outcome.code });
    },
  );
});

describe("a connection is seen", () => {
  it.each([
    ["over TCP", "require('net').connect(9, '127.0.0.2').on('error', () => {})", "127.0.0.2:9"],
    ["over IPv6", "require('net').connect(9, '::1').on('error', () => {})", "[::1]:9"],
    [
      "as a packet of UDP",
      "const s = require('dgram').createSocket('udp4'); s.send('a', 9, '127.0.0.2', () => s.close())",
      "127.0.0.2:9",
    ],
    [
      "of a program that the program starts",
      "require('child_process').spawnSync('bash', ['-c', 'echo a >/dev/udp/127.0.0.2/9'])",
      "127.0.0.2:9",
    ],
    [
      "as a question to a name server",
      "const r = new (require('dns').Resolver)({ tries: 1, timeout: 100 }); r.setServers(['127.0.0.2:9']); r.resolve4('a.example', () => {})",
      "127.0.0.2:9",
    ],
  ])("%s", async (_way, script, address) => {
    const { connections, code } = await traced(process.execPath, ["-e", script], {
      env: { PATH: process.env["PATH"] },
    });
    expect({ connections, code }).toEqual({ connections: [address], code: 0 });
  });

  it("to a socket on this machine", async () => {
    const script = "require('net').connect('/nowhere/socket').on('error', () => {})";
    const { connections, sockets } = await traced(process.execPath, ["-e", script], ENVIRONMENT);
    expect([connections, sockets]).toEqual([[], ["/nowhere/socket"]]);
  });

  it("when the system asks for the address of a name", async () => {
    const script = "fetch('http://home.example/').catch(() => {})";
    const { connections } = await traced(process.execPath, ["-e", script], ENVIRONMENT);
    expect(connections.some((address) => address.endsWith(":53"))).toBe(true);
  });
});
