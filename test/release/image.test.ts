/** The image for CI: built by slipway on the cluster, and run there as jobs of a CI system run it, with the account of their pod. */
import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, environment, mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { useNodes } from "../e2e/support/nodes.ts";
import { readImage } from "../e2e/support/registry.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { aptProxy } from "./apt-proxy.ts";
import type { AptProxy } from "./apt-proxy.ts";
import { RELEASE, ROOT, VERSION, artefact } from "./artefacts.ts";

useNodes();
const namespace = useNamespace({ nodes: "all" });
const IMAGE = uniqueImage();
const ACCOUNT = "ci";
const INTEGRATIONS = `${ROOT}integrations`;
/** Of a node, as Kubernetes calls it, and the platform that `slipway version` prints there. */
const PLATFORMS = { amd64: "linux-x64", arm64: "linux-arm64" } as const;
type Architecture = keyof typeof PLATFORMS;
const ARCHITECTURES = Object.keys(PLATFORMS) as Architecture[];
/** What a site's administrator sets for all jobs: the images of the test cluster. */
const SETTINGS = ["SLIPWAY_KANIKO_IMAGE", "SLIPWAY_HELPER_IMAGE"].map((name) => ({ name, value: environment(name) }));

let proxy: AptProxy | undefined;

beforeAll(async () => {
  for (const architecture of ARCHITECTURES) await artefact(`slipway_${VERSION}_${architecture}.deb`);
  proxy = await aptProxy(REGISTRY.slice(0, REGISTRY.lastIndexOf(":")));
  // Debian's image of the test cluster is one for two platforms, too.
  const base = ["--build-arg", `BASE=${REGISTRY}/debian:bookworm`, "--build-arg", `http_proxy=${proxy.url}`];
  const cache = ["--cache-to", `${IMAGE}:cache`, "--cache-from", `${IMAGE}:cache`];
  const more = [...base, ...cache, "--builder", "buildkit", "--platform", "linux/amd64,linux/arm64"];
  more.push("-f", `${INTEGRATIONS}/image/Dockerfile`, RELEASE);
  await mustBuild(namespace, ["-t", `${IMAGE}:ci`, ...more]);
  await mustBuild(namespace, ["-t", `${IMAGE}:drone`, "--target", "drone", ...more]);
  const granted = await slipway(["rbac", "-n", namespace.name, "--manage", "--account", ACCOUNT, "--name", ACCOUNT]);
  await kubectl(["apply", "-f", "-"], granted.stdout);
}, 1_800_000);
afterAll(() => proxy?.close());

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly object[];
  readonly workingDir?: string;
}

const SOURCE = { Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` };

interface PodOptions {
  /** Of the directory `/workspace/source`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of its node. */
  readonly architecture?: Architecture;
}

/** Runs one container to its end in a pod with the CI account, which the cluster would refuse as root. @returns its output */
async function runPod(
  name: string,
  container: Container,
  { files = {}, architecture = "amd64" }: PodOptions = {},
): Promise<string> {
  const mount = { name: "source", mountPath: "/workspace/source" };
  const settings = { name: `source-${name}`, namespace: namespace.name };
  await kubectl(
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: settings, data: { none: "", ...files } }),
  );
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: namespace.name },
    spec: {
      nodeSelector: { "kubernetes.io/arch": architecture },
      restartPolicy: "Never",
      serviceAccountName: ACCOUNT,
      securityContext: { runAsNonRoot: true },
      volumes: [{ name: "source", configMap: { name: settings.name } }],
      containers: [{ name: "job", ...container, env: [...SETTINGS, ...(container.env ?? [])], volumeMounts: [mount] }],
    },
  };
  await kubectl(["apply", "-f", "-"], JSON.stringify(pod));
  const phase = (): Promise<string> =>
    kubectl(["get", "pod", name, "-n", namespace.name, "-o", "jsonpath={.status.phase}"]);
  await expect.poll(phase, { timeout: 240_000 }).toMatch(/Succeeded|Failed/);
  const log = await kubectl(["logs", name, "-n", namespace.name]);
  expect([await phase(), log]).toEqual(["Succeeded", log]);
  return log;
}

test("a job in the cluster builds with the account of its pod, without a kubeconfig", async () => {
  const image = uniqueImage();
  const script = `set -eu
    slipway version; git --version; test "$(id -u)" = 1000
    mkdir app && cd app && printf 'FROM ${BUSYBOX}\\nRUN echo hello > /hello\\n' > Dockerfile
    slipway build --iidfile id -t ${image}:1 .
    slipway ps`;
  const log = await runPod("job", { image: `${IMAGE}:ci`, command: ["sh", "-c", script] });
  expect(log).toContain(`slipway/${VERSION} linux-x64`);
  expect(log).toContain(`built digest ${(await readImage(`${image}:1`)).digest}`);
});

test.each(ARCHITECTURES)("the image runs on a node of %s, as user 1000", async (architecture) => {
  const command = ["sh", "-c", "set -eu; slipway version; git --version; id -u"];
  const log = await runPod(`on-${architecture}`, { image: `${IMAGE}:ci`, command }, { architecture });
  expect(log).toMatch(
    new RegExp(`^slipway/${VERSION} ${PLATFORMS[architecture]} [^]*\\ngit version 2\\..*\\n1000\\n$`),
  );
});

interface Task {
  readonly spec: {
    readonly params: readonly { readonly name: string; readonly default?: string }[];
    readonly steps: readonly (Container & { readonly script: string })[];
  };
}

test("the step of the Tekton Task builds its workspace and writes the digest as the result", async () => {
  const image = uniqueImage();
  const text = await readFile(`${INTEGRATIONS}/tekton/task.yaml`, "utf8");
  const { params } = (load(text) as Task).spec;
  const given: Record<string, string> = { image: `${image}:1`, "slipway-image": `${IMAGE}:ci`, args: "--label a=b" };
  // As Tekton does: it replaces variables, and runs the script as a file of the step's container.
  const replaced = params
    .reduce((task, { name, default: value }) => task.replaceAll(`$(params.${name})`, given[name] ?? value ?? ""), text)
    .replaceAll("$(workspaces.source.path)", "/workspace/source")
    .replaceAll("$(results.digest.path)", "/tmp/digest");
  const [step] = (load(replaced) as Task).spec.steps;
  if (step === undefined) throw new Error("the task has no step");
  const { script, ...container } = step;
  const command = ["sh", "-c", `${script}\necho "result: $(cat /tmp/digest)"`];
  const log = await runPod("tekton", { ...container, command }, { files: SOURCE });
  const { digest, config } = await readImage(`${image}:1`);
  expect(log).toMatch(new RegExp(`^result: ${digest}$`, "m"));
  expect(config.config.Labels).toMatchObject({ a: "b" });
});

test("the plugin image of Drone and Woodpecker builds what its variables say", async () => {
  const image = uniqueImage();
  const env = Object.entries({ PLUGIN_REPO: image, PLUGIN_TAGS: "one,two", PLUGIN_DOCKERFILE: "Dockerfile" });
  const container = {
    image: `${IMAGE}:drone`,
    workingDir: "/workspace/source",
    env: env.map(([name, value]) => ({ name, value })),
  };
  await runPod("drone", container, { files: SOURCE });
  expect((await readImage(`${image}:one`)).digest).toBe((await readImage(`${image}:two`)).digest);
});
