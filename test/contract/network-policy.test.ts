/**
 * `--network-policy` in a cluster that enforces policies: a RUN reaches only the allowed servers, and never the metadata endpoint.
 * The test cluster's network plug-in does not enforce policies, so the test starts a program that does (policy-enforcer.ts), and
 * servers for the RUN. All builds run with the same firewall rules on the machine; only the policies differ.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BUSYBOX, mustBuild } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import { enforcePolicies } from "./policy-enforcer.ts";
import type { Enforcer } from "./policy-enforcer.ts";
import { METADATA, SERVER, makePrivateNetwork } from "./private-network.ts";
import type { PrivateNetwork } from "./private-network.ts";
import { WAIT } from "../e2e/support/wait.ts";

const namespace = useNamespace({ rbac: ["--network-policy"] });
const REGISTRY = `${SERVER}:5000`;
const BASE = `${REGISTRY}/busybox:1.35`;

let network: PrivateNetwork;
let enforcer: Enforcer;
let root: string;
/** Addresses of two pods with the same servers: one that the policy allows, and one that it does not. */
let named: string;
let other: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-policy-"));
  network = makePrivateNetwork();
  await serveRegistry();
  await mkdir(join(root, "www"));
  await writeFile(join(root, "www/index.html"), "an identity\n");
  network.start("busybox", ["httpd", "-f", "-p", `${METADATA}:80`, "-h", join(root, "www")]);
  [named, other] = await Promise.all([serverPod("named"), serverPod("other")]);
  enforcer = await enforcePolicies(namespace.name, [named, other, SERVER, METADATA]);
}, 600_000);

afterAll(async () => {
  await enforcer?.stop();
  await network?.remove();
  await rm(root, { recursive: true, force: true });
});

/** Starts a registry with the base image. The policy must allow the builder to pull from it and push to it. */
async function serveRegistry(): Promise<void> {
  const config = join(root, "registry.yaml");
  const storage = `{filesystem: {rootdirectory: ${join(root, "registry")}}}`;
  await writeFile(config, `version: 0.1\nlog: {level: error}\nstorage: ${storage}\nhttp: {addr: "${REGISTRY}"}\n`);
  network.start("docker-registry", ["serve", config]);
  await vi.waitFor(() => request(`http://${REGISTRY}/v2/`).then(({ body }) => body.dump()), WAIT);
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"];
  execFileSync("skopeo", ["copy", "--quiet", ...plain, `docker://${BUSYBOX}`, `docker://${BASE}`]);
}

/** Starts a pod with two HTTP servers. @returns its address */
async function serverPod(name: string): Promise<string> {
  const serve = "mkdir /www; echo here > /www/index.html; httpd -p 8081 -h /www; exec httpd -f -p 8080 -h /www";
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "server", image: BUSYBOX, command: ["sh", "-c", serve] }],
    },
  };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(pod));
  await kubectl(["wait", "-n", namespace.name, "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
  const address = await kubectl(["get", "pod", "-n", namespace.name, name, "-o", "jsonpath={.status.podIP}"]);
  await vi.waitFor(() => request(`http://${address}:8080/`).then(({ body }) => body.dump()), WAIT);
  return address;
}

/** Builds with these flags, and returns the names of the servers that the RUN reached. */
async function reached(...flags: readonly string[]): Promise<string[]> {
  const servers = {
    registry: `${REGISTRY}/v2/`,
    "named host": `${named}:8080/`,
    "another port of it": `${named}:8081/`,
    "another pod": `${other}:8080/`,
    "metadata endpoint": `${METADATA}/`,
  };
  // Uses `timeout`, because Debian's busybox crashes with wget's own time limit.
  const tries = Object.entries(servers).map(
    ([name, url]) => `timeout 4 wget -q -O /dev/null http://${url} && echo "${name}" >> /reached; \\\n`,
  );
  const directory = await project({ Dockerfile: `FROM ${BASE}\nRUN touch /reached; \\\n${tries.join("")}true\n` });
  const image = `${REGISTRY}/built:${flags.length}`;
  // The upload of a streamed context gives the enforcer time to learn the pod's address before the builder runs. It reads the pods
  // from the API server, and cannot apply a policy to an address that it does not know yet.
  await mustBuild(namespace, ["--transport=stream", ...flags, "-t", image, directory]);
  const text = (await readImage(image)).files.get("reached")?.text ?? "nothing was built";
  return text.split("\n").filter((line) => line !== "");
}

test("without a policy a RUN reaches everything, including the metadata endpoint", async () => {
  expect(await reached()).toEqual(["registry", "named host", "another port of it", "another pod", "metadata endpoint"]);
});

test("with a policy a RUN reaches only the registry and the allowed port of the allowed host, and the image is pushed", async () => {
  expect(await reached("--network-policy", `--egress=${named}:8080`)).toEqual(["registry", "named host"]);
});

test("with --egress any a RUN reaches everything except the metadata endpoint", async () => {
  expect(await reached("--network-policy", "--egress=any", "--egress=169.254.0.0/16")).toEqual([
    "registry",
    "named host",
    "another port of it",
    "another pod",
  ]);
});
