/** The image for CI: built by slipway on the cluster, and run there as jobs of a CI system run it, with the account of their pod. */
import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, environment, uniqueImage } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { aptProxy } from "./apt-proxy.ts";
import type { AptProxy } from "./apt-proxy.ts";
import { RELEASE, ROOT, VERSION, artefact } from "./artefacts.ts";

const namespace = useNamespace();
const IMAGE = uniqueImage();
const ACCOUNT = "ci";
const INTEGRATIONS = `${ROOT}integrations`;
/** What a site's administrator sets for all jobs: the images of the test cluster. */
const SETTINGS = ["SLIPWAY_KANIKO_IMAGE", "SLIPWAY_HELPER_IMAGE"].map((name) => ({ name, value: environment(name) }));

let proxy: AptProxy | undefined;

beforeAll(async () => {
  await artefact(`slipway_${VERSION}_amd64.deb`);
  proxy = await aptProxy(REGISTRY.slice(0, REGISTRY.lastIndexOf(":")));
  for (const [image, ...target] of [[`${IMAGE}:ci`], [`${IMAGE}:drone`, "--target", "drone"]]) {
    const args = ["build", "-n", namespace.name, "--builder", "buildkit", "-t", image ?? "", ...target];
    args.push(
      "-f",
      `${INTEGRATIONS}/image/Dockerfile`,
      "--cache-to",
      `${IMAGE}:cache`,
      "--cache-from",
      `${IMAGE}:cache`,
    );
    args.push("--build-arg", `BASE=${REGISTRY}/debian:bookworm`, "--build-arg", `http_proxy=${proxy.url}`, RELEASE);
    const built = await slipway(args, { env: { KUBECONFIG: namespace.kubeconfig } });
    if (built.code !== 0) throw new Error(built.output);
  }
  const granted = await slipway(["rbac", "-n", namespace.name, "--manage", "--account", ACCOUNT, "--name", ACCOUNT]);
  await kubectl(["apply", "-f", "-"], granted.stdout);
}, 1_200_000);
afterAll(() => proxy?.close());

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly object[];
  readonly workingDir?: string;
}

/** Runs one container to its end in a pod with the CI account, which the cluster would refuse as root. @returns its output */
async function runPod(
  name: string,
  container: Container,
  files: Readonly<Record<string, string>> = {},
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
  const log = await runPod("tekton", { ...container, command }, { Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
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
  await runPod("drone", container, { Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  expect((await readImage(`${image}:one`)).digest).toBe((await readImage(`${image}:two`)).digest);
});
