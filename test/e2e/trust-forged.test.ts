/**
 * Strangers in the namespace with more rights than to create Jobs: they may patch Jobs, create pods and ConfigMaps, and write labels on Secrets.
 * What they write on objects makes nobody lose, send or believe something. trust-identity.test.ts has those who may only create Jobs.
 */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { beforeAll, describe, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--manage", "--keep"] });
const run = (args: readonly string[]): Promise<Run> =>
  slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig } });
const mallory = (args: readonly string[], stdin?: object): Promise<string> =>
  kubectl(
    [...args, "-n", namespace.name, `--as=system:serviceaccount:${namespace.name}:mallory`],
    stdin === undefined ? undefined : JSON.stringify(stdin),
  );

beforeAll(async () => {
  const on = ["-n", namespace.name];
  await kubectl(["create", "serviceaccount", "mallory", ...on]);
  for (const [name, verbs, resources] of [
    ["jobs", "create,get,list,patch,update", "jobs.batch"],
    ["pods", "create,get,list", "pods"],
    ["inputs", "create,get,patch,update", "configmaps,secrets"],
  ] as const) {
    await kubectl(["create", "role", `mallory-${name}`, `--verb=${verbs}`, `--resource=${resources}`, ...on]);
    const account = `--serviceaccount=${namespace.name}:mallory`;
    await kubectl(["create", "rolebinding", `mallory-${name}`, `--role=mallory-${name}`, account, ...on]);
  }
  await kubectl(["create", "secret", "generic", "prod-db", ...on]);
  await kubectl(["create", "configmap", "prod-web", ...on]);
});

const OURS = { "app.kubernetes.io/managed-by": "slipway", "slipway.dev/builder": "kaniko", "slipway.dev/user": "root" };

function jobNamed(name: string, annotations: Record<string, string>, labels: Record<string, string> = {}): V1Job {
  const container = { name: "kaniko", image: BUSYBOX, command: ["true"] };
  const all = { ...OURS, "slipway.dev/build": name, ...labels };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels: all, annotations },
    spec: {
      backoffLimit: 0,
      template: { metadata: { labels: all }, spec: { restartPolicy: "Never", containers: [container] } },
    },
  };
}

async function ended(name: string): Promise<void> {
  await kubectl(["wait", "--for=condition=complete", `job/${name}`, "-n", namespace.name, "--timeout=120s"]);
}

describe("a build of the user's own whose Job a stranger patches", () => {
  test.each([
    ["the images that it pushed", "slipway.dev/references", `${REGISTRY}/evil/app:1`],
    ["the container that builds", "slipway.dev/container", "sidecar"],
  ])(
    "is refused by attach and wait if the Job names %s otherwise",
    { tags: ["long"] },
    async (_, annotation, value) => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
      const name = (await mustBuild(namespace, ["--detach", "-t", uniqueImage(), root])).stdout.trim();
      const before = await run(["wait", name]);
      expect([before.code, before.stdout]).toEqual([0, expect.stringContaining("@sha256:")]);
      await mallory(["annotate", "job", name, `${annotation}=${value}`, "--overwrite"]);
      for (const command of ["attach", "wait"]) {
        const { code, stdout, stderr } = await run([command, name]);
        expect([command, code, stdout]).toEqual([command, 3, ""]);
        expect(stderr).toMatch(
          new RegExp(`^ERROR: somebody has changed what the Job ${name} says of its build since you started it$`, "m"),
        );
      }
    },
  );

  test("has no log and no result of a second pod with the uid of its Job", { tags: ["long"] }, async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 20\n` });
    const name = (await mustBuild(namespace, ["--detach", "-t", uniqueImage(), root])).stdout.trim();
    const job = JSON.parse(await mallory(["get", "job", name, "-o", "json"])) as V1Job;
    const uid = job.metadata?.uid ?? "";
    const pod: V1Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "aaa",
        labels: { ...job.spec?.template.metadata?.labels },
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }],
      },
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "kaniko", image: BUSYBOX, command: ["sh", "-c", "echo forged; sleep 30"] }],
      },
    };
    await mallory(["create", "-f", "-"], pod);
    const [logs, attached] = await Promise.all([run(["logs", name]), run(["attach", name])]);
    expect(logs.output + attached.output).not.toContain("forged");
  });
});

describe("a stranger's objects with slipway's labels", () => {
  test(
    "prune deletes no Secret and no ConfigMap of somebody else that they are written on",
    { tags: ["long"] },
    async () => {
      const labels = Object.entries({ ...OURS, "slipway.dev/build": "slipway-gone-bcdfghjk" }).map(
        ([key, value]) => `${key}=${value}`,
      );
      await mallory(["label", "secret", "prod-db", ...labels]);
      await mallory(["label", "configmap", "prod-web", ...labels]);
      // Also for somebody who may list Secrets.
      for (const env of [{ KUBECONFIG: namespace.kubeconfig }, {}]) {
        await slipway(["prune", "-f", "-A", "--volumes", "-n", namespace.name], { env });
      }
      expect(await objectsIn(namespace.name)).toEqual(expect.arrayContaining(["configmap/prod-web", "secret/prod-db"]));
    },
  );

  test(
    "attach refuses a Job whose annotation is not a reference, and removes nothing",
    { tags: ["long"] },
    async () => {
      await mallory(
        ["create", "-f", "-"],
        jobNamed("slipway-malformed", { "slipway.dev/references": "R.example.com/UPPER:a:b" }),
      );
      await ended("slipway-malformed");
      const before = await objectsIn(namespace.name);
      for (const command of ["attach", "wait"]) {
        const { code, stdout, stderr } = await run([command, "slipway-malformed"]);
        expect([command, code === 0, stdout]).toEqual([command, false, ""]);
        expect(stderr).toMatch(/^ERROR: /m);
        expect(stderr).not.toMatch(/^ {4}at /m);
      }
      expect(await objectsIn(namespace.name)).toEqual(before);
    },
  );

  test(
    "values that are no values end no command in a stack trace, and change no line of a table",
    { tags: ["long"] },
    async () => {
      const annotations = {
        "slipway.dev/references": "a\n\u001B[2Jb,,".padEnd(5000, "x"),
        "slipway.dev/container": "__proto__",
        "slipway.dev/created-by": "root\nERROR: forged",
        "slipway.dev/cancelled-by": "\u001B]0;title\u0007",
        "slipway.dev/timeout-seconds": "-1e999",
        "slipway.dev/insecure-registries": ",,\n",
        "slipway.dev/keep-seconds": "NaN",
        "slipway.dev/last-used": "never",
      };
      await mallory(
        ["create", "-f", "-"],
        jobNamed("slipway-odd", annotations, { "slipway.dev/builder": "constructor" }),
      );
      const kept = { "slipway.dev/keep": "0".repeat(32), "slipway.dev/keep-key": "0".repeat(32) };
      await mallory(["create", "-f", "-"], jobNamed("slipway-odd-keep", annotations, kept));
      await ended("slipway-odd");
      for (const args of [
        ["ps", "-a", "-A"],
        ["inspect", "slipway-odd"],
        ["logs", "slipway-odd"],
        ["attach", "slipway-odd"],
        ["wait", "slipway-odd"],
        ["keep", "-A"],
        ["doctor"],
      ]) {
        const { output } = await run(args);
        expect([args, output]).toEqual([args, expect.not.stringMatching(/^ {4}at |^ERROR: forged/m)]);
        expect([args, output.includes("\u001B")]).toEqual([args, false]);
      }
    },
  );

  test(
    "no kept builder of the user's is found in a Job with the fingerprint of the user's key",
    { tags: ["long"] },
    async () => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
      await mustBuild(namespace, ["--keep", "5m", "-t", uniqueImage(), root]);
      const jobs = JSON.parse(
        await mallory(["get", "jobs", "-l", "slipway.dev/keep,slipway.dev/keep-key", "-o", "json"]),
      ) as {
        items: V1Job[];
      };
      const own = jobs.items.find(({ metadata }) => metadata?.name?.startsWith("slipway-keep-"));
      const { labels = {}, annotations = {} } = own?.metadata ?? {};
      // All that others can read of it, the signature included.
      await mallory(["create", "-f", "-"], jobNamed("slipway-keep-0000000000", annotations, labels));
      const listed = await run(["keep", "--format", "{{.Name}}"]);
      expect(listed.stdout).toBe(`${own?.metadata?.name}\n`);
      await run(["keep", "stop", "--all"]);
      expect(await objectsIn(namespace.name)).toContain("job.batch/slipway-keep-0000000000");
    },
  );
});
