/** Clusters as administrators run them: quotas, limit ranges, service meshes, queues, and accounts that many jobs share. */
import { randomBytes } from "node:crypto";
import type { V1Job } from "@kubernetes/client-node";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { enforce } from "./support/policy.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";
import { printing } from "./support/step-lines.ts";

const sized = useNamespace({ rbac: ["--manage"] });
const meshed = useNamespace({ rbac: ["--manage"] });
const queued = useNamespace({ rbac: ["--manage"] });
const run = (where: typeof sized, args: readonly string[], env: RunOptions["env"] = {}): Promise<Run> =>
  slipway([...args, "-n", where.name], { env: { KUBECONFIG: where.kubeconfig, ...env } });

/** Larger than a ConfigMap can hold, so that a container receives it. */
const LARGE = randomBytes(1_000_000);
const RESOURCES = ["--requests", "cpu=50m,memory=128Mi", "--limits", "cpu=1,memory=1Gi"];

afterEach(async () => {
  for (const { name } of [sized, meshed, queued]) {
    await kubectl(["delete", "jobs", "--all", "-n", name, "--cascade=foreground", "--timeout=120s"]);
  }
});

const jobsIn = async (namespace: string): Promise<V1Job[]> =>
  (JSON.parse(await kubectl(["get", "jobs", "-n", namespace, "-o", "json"])) as { items: V1Job[] }).items;

test.for([
  [
    "a quota on requests and limits",
    {
      kind: "ResourceQuota",
      spec: { hard: { "requests.cpu": "4", "requests.memory": "4Gi", "limits.cpu": "4", "limits.memory": "4Gi" } },
    },
  ],
  [
    "a limit range with a minimum for each container and no defaults",
    { kind: "LimitRange", spec: { limits: [{ type: "Container", min: { cpu: "20m", memory: "64Mi" } }] } },
  ],
] as const)("%s: a streamed context is built and a result is fetched", { tags: ["long"] }, async ([, rule]) => {
  const metadata = { name: "rule", namespace: sized.name };
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", ...rule, metadata }));
  onTestFinished(() => kubectl(["delete", rule.kind, "rule", "-n", sized.name]).then(() => undefined));
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY blob /blob\n`, blob: LARGE });
  const image = uniqueImage();
  await mustBuild(sized, [...RESOURCES, "-t", image, root]);
  expect((await readImage(image)).digest).toMatch(/^sha256:/);
  await mustBuild(sized, [...RESOURCES, "-o", `type=docker,dest=${root}/out.tar`, "-t", image, root]);
});

test("a quota that requires limits: the flags that the error names are enough", async () => {
  const spec = { hard: { "limits.cpu": "4", "limits.memory": "8Gi" } };
  const metadata = { name: "rule", namespace: sized.name };
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec }));
  onTestFinished(() => kubectl(["delete", "quota", "rule", "-n", sized.name]).then(() => undefined));
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY blob /blob\n`, blob: LARGE });
  const refused = await build(sized, ["-t", uniqueImage(), root]);
  expect(refused.code).toBe(3);
  const [, flags = ""] = /^ {2}- Set them, for example: (.+)$/m.exec(refused.stderr) ?? [];
  await mustBuild(sized, [...flags.split(" "), "-t", uniqueImage(), root]);
});

const SIDECARS = {
  plain: `spec: {containers: [{name: mesh, image: "${BUSYBOX}", command: [sh, -c, "echo of the mesh; sleep 3600"]}]}`,
  native: `spec: {initContainers: [{name: mesh, image: "${BUSYBOX}", restartPolicy: Always, command: [sh, -c, "echo of the mesh; sleep 3600"]}]}`,
};

test.for(Object.entries(SIDECARS))(
  "a %s sidecar neither keeps the build's Job running nor gets into its log",
  { tags: ["long"] },
  async ([, template]) => {
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nRUN echo of the build\n`,
      "pod.yaml": template,
    });
    const image = uniqueImage();
    const args = ["--pod-template", `${root}/pod.yaml`, "-t", image];
    const built = await mustBuild(meshed, [...args, root]);
    expect([built.stderr.includes("of the build"), built.stderr.includes("of the mesh")]).toEqual([true, false]);
    await expect.poll(async () => (await jobsIn(meshed.name)).map(({ status }) => status?.active ?? 0)).toEqual([0]);
    const [record] = JSON.parse((await run(meshed, ["inspect"])).stdout) as [Record<string, unknown>];
    expect(record).toMatchObject({ state: "built", digest: (await readImage(image)).digest });
    expect((await run(meshed, ["logs"])).stdout).toContain("of the build");
  },
);

test(
  "a plain sidecar of a build whose client is gone is ended by the one that waits for it",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n`, "pod.yaml": SIDECARS.plain });
    const args = ["--detach", "--pod-template", `${root}/pod.yaml`, "-t", uniqueImage(), root];
    const name = (await mustBuild(meshed, args)).stdout.trim();
    expect((await run(meshed, ["wait", name])).code).toBe(0);
    await expect.poll(async () => (await jobsIn(meshed.name)).map(({ status }) => status?.active ?? 0)).toEqual([0]);
  },
);

test(
  "a build's pod runs on Linux nodes, and asks meshes by label and annotation not to join it",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    await mustBuild(meshed, [root]);
    const [job] = await jobsIn(meshed.name);
    const { metadata, spec } = job?.spec?.template ?? {};
    expect(spec?.nodeSelector).toEqual({ "kubernetes.io/os": "linux" });
    expect(metadata?.labels).toMatchObject({ "sidecar.istio.io/inject": "false" });
    expect(metadata?.annotations).toMatchObject({
      "sidecar.istio.io/inject": "false",
      "linkerd.io/inject": "disabled",
    });
  },
);

/** What a queue does with Jobs that it does not know yet: it suspends them when they are created. */
function suspendNewJobs(): Promise<void> {
  const expression = "Object{spec: Object.spec{suspend: true}}";
  const spec = { mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }] };
  return enforce({ kind: "Mutating", namespace: queued.name, resource: "jobs", spec, shows: /"suspend": true/ });
}

test("a suspended Job is reported while the build waits, and the build continues when it is released", async () => {
  await suspendNewJobs();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  let released: Promise<unknown> | undefined;
  const listed: Promise<Run>[] = [];
  const image = uniqueImage();
  const built = await mustBuild(queued, ["-t", image, root], {
    onStderr: (text) => {
      const name = /^=> create: (slipway-\S+)/m.exec(text)?.[1] ?? "";
      if (!/waiting for a pod: the Job is suspended/.test(text)) return;
      released ??= (async () => {
        const seen = run(queued, ["inspect", "--format", "{{.State}} {{.Reason}}", name]);
        listed.push(seen);
        await seen;
        await kubectl(["patch", "job", name, "-n", queued.name, "-p", '{"spec":{"suspend":false}}']);
      })();
    },
  });
  await released;
  expect(built.code).toBe(0);
  expect((await listed[0])?.stdout).toBe("waiting for its Job, which is suspended, as a queue does\n");
});

test("a suspended Job whose client is gone is found by ps and removed by prune", { tags: ["long"] }, async () => {
  await suspendNewJobs();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const killed = await build(queued, ["-t", uniqueImage(), root], {
    onStderr: (text, child) => void (/the Job is suspended/.test(text) && child.kill("SIGKILL")),
  });
  expect(killed.signal).toBe("SIGKILL");
  const [job] = await jobsIn(queued.name);
  const name = job?.metadata?.name ?? "";
  expect((await run(queued, ["ps", "--format", "{{.Name}} {{.State}}"])).stdout).toBe(`${name} waiting\n`);
  expect((await run(queued, ["prune", "-f"])).stdout).toBe("");
  // As if the five minutes were over that a client which lives goes on renewing.
  await kubectl(["patch", "job", name, "-n", queued.name, "-p", '{"spec":{"activeDeadlineSeconds":1}}']);
  expect((await run(queued, ["ps", "-a", "--format", "{{.Name}} {{.State}}"])).stdout).toBe(`${name} failed\n`);
  expect((await run(queued, ["prune", "-f"])).stdout).toBe(`${name}\n`);
});

test("a build whose Job is suspended while it runs ends with that reason", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
  let suspended: Promise<unknown> | undefined;
  const { code, stderr } = await build(queued, [root], {
    onStderr: (text) => {
      const name = /^=> create: (slipway-\S+)/m.exec(text)?.[1] ?? "";
      if (!printing("sleeping").test(text)) return;
      suspended ??= kubectl(["patch", "job", name, "-n", queued.name, "-p", '{"spec":{"suspend":true}}']);
    },
  });
  await suspended;
  expect([code, stderr]).toEqual([3, expect.stringMatching(/^ERROR: .*was suspended while it ran/m)]);
});

test(
  "ps, latest and prune mean the cluster's user and, in CI, the job, not the user of the machine",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    const gitlab = (job: string) => ({ GITLAB_CI: "true", CI_JOB_ID: job });
    await mustBuild(sized, [root]);
    await mustBuild(sized, [root], { env: gitlab("7") });
    const names = async (env: RunOptions["env"], ...args: string[]): Promise<string[]> =>
      (await run(sized, ["ps", "-a", "--format", "{{.User}}", ...args], env)).stdout.trim().split("\n").sort();
    const account = `system:serviceaccount:${sized.name}:slipway`;
    expect(await names({})).toEqual([account]);
    expect(await names(gitlab("7"))).toEqual([`${account} gitlab:7`]);
    expect(await names(gitlab("8"))).toEqual([""]);
    expect(await names({}, "-A")).toEqual([account, `${account} gitlab:7`]);
    expect((await run(sized, ["wait"], gitlab("8"))).code).toBe(125);
    expect((await run(sized, ["prune", "-f"], gitlab("8"))).stdout).toBe("");
    expect((await run(sized, ["prune", "-f"], gitlab("7"))).stdout.trim().split("\n")).toHaveLength(1);
    expect(await names({}, "-A")).toEqual([account]);
  },
);

test(
  "ps --all-namespaces lists builds of every namespace for somebody who may, with their namespace",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    await Promise.all([mustBuild(sized, [root]), mustBuild(meshed, [root])]);
    const { stdout } = await slipway(["ps", "-a", "-A", "--all-namespaces"], {
      env: { KUBECONFIG: process.env["KUBECONFIG"] },
    });
    expect(stdout).toMatch(/^NAMESPACE +NAME +STATE/);
    for (const { name } of [sized, meshed])
      expect(stdout).toMatch(new RegExp(`^${name} +slipway-build-\\S+ +built `, "m"));
    const refused = await run(sized, ["ps", "--all-namespaces"]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/in the whole cluster/)]);
  },
);
