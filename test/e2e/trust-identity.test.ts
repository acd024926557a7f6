/**
 * Strangers in the namespace: an account that may create Jobs and nothing else. Nothing of what it writes on a Job makes anybody lose,
 * send or believe something. Every command that touches objects of the cluster is tried; a new command needs a row of its own.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import type { V1Job } from "@kubernetes/client-node";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { BUSYBOX, REGISTRY, mustBuild, uniqueImage } from "./support/build.ts";
import { detour } from "./support/detour.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";

/** Least rights: they are enough to delete Secrets, and not to read one. */
const namespace = useNamespace({ rbac: ["--manage", "--cache-volume"] });
const run = (args: readonly string[], env: RunOptions["env"] = {}): Promise<Run> =>
  slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig, ...env } });

const NOWHERE = `sha256:${"0".repeat(63)}1`;
/** Objects of somebody else, with the names that the stranger gives to the Jobs. */
const ENDED = "slipway-prod-db";
const RUNNING = "slipway-prod-web";
const THEIRS = [ENDED, RUNNING].flatMap((name) => [
  `secret/${name}`,
  `configmap/${name}`,
  `persistentvolumeclaim/${name}`,
]);

interface Forgery {
  readonly name: string;
  readonly script: string;
  readonly annotations?: Record<string, string>;
  readonly podLabels?: Record<string, string>;
}

/** A Job that looks like a build, made by the stranger. */
async function forge({ name, script, annotations = {}, podLabels }: Forgery): Promise<void> {
  const labels = {
    "app.kubernetes.io/managed-by": "slipway",
    "slipway.dev/build": name,
    "slipway.dev/builder": "kaniko",
    "slipway.dev/user": "root",
  };
  const container = { name: "kaniko", image: BUSYBOX, command: ["sh", "-c", script] };
  const job: V1Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: namespace.name,
      labels,
      annotations: {
        "slipway.dev/references": `${REGISTRY}/team/app:1`,
        "slipway.dev/container": "kaniko",
        ...annotations,
      },
    },
    spec: {
      backoffLimit: 0,
      ...(podLabels === undefined ? {} : { manualSelector: true, selector: { matchLabels: podLabels } }),
      template: {
        metadata: { labels: { ...labels, ...podLabels } },
        spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  };
  await kubectl(["create", "-f", "-", `--as=system:serviceaccount:${namespace.name}:mallory`], JSON.stringify(job));
}

const says = (digest: string): string => `printf %s ${digest} > /dev/termination-log`;
const ended = (name: string): Promise<string> =>
  kubectl(["wait", "--for=condition=complete", `job/${name}`, "-n", namespace.name, "--timeout=120s"]);
const jobs = async (): Promise<string[]> =>
  (await objectsIn(namespace.name)).filter((name) => name.startsWith("job.batch/"));

beforeAll(async () => {
  const rules = [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }];
  const metadata = { name: "mallory", namespace: namespace.name };
  const rbac = "rbac.authorization.k8s.io";
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
  const items = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: "mallory" },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    ...[ENDED, RUNNING].flatMap((name) => [
      { apiVersion: "v1", kind: "Secret", metadata: { ...metadata, name } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { ...metadata, name } },
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { ...metadata, name }, spec: claim },
    ]),
  ];
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
});

/** Makes those that an earlier command has deleted again. */
async function forgeBoth(): Promise<void> {
  const there = await jobs();
  const missing = [
    { name: ENDED, script: says(NOWHERE) },
    { name: RUNNING, script: "sleep 3000" },
  ].filter(({ name }) => !there.includes(`job.batch/${name}`));
  await Promise.all(missing.map((forgery) => forge(forgery)));
  await ended(ENDED);
}

/** Commands that mean the user's last build where none is named. */
const TAKES_LATEST = new Set(["attach", "cancel", "inspect", "logs", "wait"]);

/** What a command is tried with against the forged Jobs; undefined: it touches no object of the cluster, or only through `build`. */
const TRIED: Readonly<Record<string, readonly (readonly string[])[] | undefined>> = {
  attach: [["attach", ENDED], ["attach"]],
  bake: undefined,
  build: [["build", "--no-credentials", "CONTEXT"]],
  builders: undefined,
  "builders:inspect": undefined,
  "buildx:version": undefined,
  "cache:ls": [["cache", "ls"]],
  "cache:rm": [
    ["cache", "rm", "--all", "-f"],
    ["cache", "rm", "-f", ENDED],
  ],
  cancel: [["cancel", RUNNING], ["cancel"]],
  completion: undefined,
  config: undefined,
  context: undefined,
  doctor: [["doctor"]],
  "imagetools:create": undefined,
  "imagetools:inspect": undefined,
  // Its last step is doctor.
  init: undefined,
  inspect: [["inspect", ENDED], ["inspect"]],
  "install-plugin": undefined,
  keep: [["keep"], ["keep", "-A"]],
  "keep:stop": [["keep", "stop", "--all"]],
  login: undefined,
  logout: undefined,
  logs: [["logs", ENDED], ["logs"]],
  pipeline: undefined,
  plugin: undefined,
  prune: [["prune", "-f", "-A", "--volumes"]],
  ps: [["ps", "-a", "-A"]],
  push: undefined,
  rbac: undefined,
  rm: [
    ["rm", "-f", ENDED, RUNNING],
    ["rm", "-f", "latest"],
  ],
  tag: undefined,
  "uninstall-plugin": undefined,
  version: undefined,
  wait: [["wait", ENDED], ["wait"]],
  warm: [["warm", BUSYBOX, "--volume-size", "200Mi"]],
};

test("every command has a row that says how it is tried against a stranger's Jobs", () => {
  expect(Object.keys(TRIED).sort()).toEqual(Object.keys(COMMANDS).sort());
});

describe("a stranger's Jobs with slipway's labels and the names of other people's objects", () => {
  // A build of the user's own would be the latest, so it comes last.
  const last = ([id]: readonly [string, unknown]): number => Number(id === "build");
  test.for(
    Object.entries(TRIED)
      .filter(([, tried]) => tried !== undefined)
      .sort((a, b) => last(a) - last(b)),
  )(
    "%s deletes nothing but Jobs and takes none of them for the user's own",
    { tags: ["long"] },
    async ([, tried = []]) => {
      await forgeBoth();
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
      const answers: unknown[] = [];
      for (const args of tried) {
        const { code, stdout } = await run(args.map((arg) => (arg === "CONTEXT" ? root : arg)));
        expect([args, await objectsIn(namespace.name)]).toEqual([args, expect.arrayContaining(THEIRS)]);
        // Without a name only the user's own builds are meant, and there are none. The registry does not have what the Job says it pushed.
        const isLatest = args.at(-1) === "latest" || (args.length === 1 && TAKES_LATEST.has(args[0] ?? ""));
        if (isLatest) answers.push([125, "", code, stdout]);
        if (args.at(-1) === ENDED && /attach|wait/.test(args[0] ?? "")) answers.push([3, "", code, stdout]);
      }
      expect(answers.map((answer) => (answer as unknown[]).slice(2))).toEqual(
        answers.map((answer) => (answer as unknown[]).slice(0, 2)),
      );
    },
  );

  test("attach and wait say of which registry the digest is not, and that somebody else started the build", async () => {
    await forgeBoth();
    for (const command of ["attach", "wait"]) {
      const { stderr } = await run([command, ENDED]);
      expect(stderr).toMatch(new RegExp(`^ERROR: the registry ${REGISTRY} has no image team/app@${NOWHERE}`, "m"));
      expect(stderr).toMatch(/^WARNING: you did not start slipway-prod-db on this machine/m);
    }
  });
});

describe("a stranger's pod with the label of a build's Job", () => {
  test(
    "is not the build's: attach, wait, logs and inspect have the build's own log and digest",
    { tags: ["long"] },
    async () => {
      const image = uniqueImage();
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo the build itself && sleep 8\n` });
      const name = (await mustBuild(namespace, ["--detach", "-t", image, root])).stdout.trim();
      const podLabels = { "batch.kubernetes.io/job-name": name, "job-name": name };
      // Its pod comes first in every list.
      await forge({ name: "aaa", script: `echo forged; ${says(NOWHERE)}`, podLabels });
      await ended("aaa");
      const [attached, waited] = await Promise.all([run(["attach", name]), run(["wait", name])]);
      const { digest } = await readImage(image);
      expect([attached.code, waited.stdout]).toEqual([0, `${image}:latest@${digest}\n`]);
      expect(attached.stderr).toContain("the build itself");
      expect(attached.output).not.toContain("forged");
      const logs = await run(["logs", name]);
      expect([logs.stdout.includes("the build itself"), logs.stdout.includes("forged")]).toEqual([true, false]);
      expect(JSON.parse((await run(["inspect", name])).stdout)).toMatchObject([{ state: "built", digest }]);
    },
  );
});

describe("TLS to a registry", () => {
  test("is loosened by the user's flag and not by an annotation of the Job", async () => {
    const asked: string[] = [];
    const server = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, resolve);
    });
    onTestFinished(() => void server.close());
    const host = `${hostname()}:${(server.address() as AddressInfo).port}`;
    const annotations = { "slipway.dev/references": `${host}/team/app:1`, "slipway.dev/insecure-registries": host };
    await forge({ name: "slipway-plain", script: says(NOWHERE), annotations });
    await ended("slipway-plain");
    for (const command of ["attach", "wait"]) {
      asked.length = 0;
      const { stderr } = await run([command, "slipway-plain"]);
      expect(asked).toEqual([]);
      expect(stderr.match(/^WARNING: the image ID is unknown/gm)).toHaveLength(1);
      expect(stderr).toMatch(
        new RegExp(`^ {2}- The build used ${host} without TLS.* --insecure-registry ${host}$`, "m"),
      );
      const allowed = await run([command, "slipway-plain", "--insecure-registry", host]);
      expect([allowed.code, asked]).toEqual([3, [`GET /v2/team/app/manifests/${NOWHERE}`]]);
    }
  });
});

describe("prune", () => {
  test("deletes nothing of a build that is started between its requests", async () => {
    const directory = await project({
      "admin.json": await kubectl(["config", "view", "--minify", "--raw", "-o", "json"]),
    });
    const name = "slipway-late-bcdfghjk";
    const labels = { "app.kubernetes.io/managed-by": "slipway", "slipway.dev/build": name };
    const metadata = { name, namespace: namespace.name, labels };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "kaniko", image: BUSYBOX }] } };
    const job = { apiVersion: "batch/v1", kind: "Job", metadata, spec: { suspend: true, template } };
    let starting: Promise<unknown> | undefined;
    const start = async (): Promise<void> => {
      await kubectl(["create", "-f", "-"], JSON.stringify(job));
      await kubectl(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata }));
    };
    // Only somebody who may list Secrets finds any.
    const { kubeconfig } = await detour(`${directory}/admin.json`, {
      hold: async (request) => {
        if (/^GET \S+\/secrets\?/.test(request)) await (starting ??= start());
      },
    });
    const { stdout } = await slipway(["prune", "-f", "-A", "-n", namespace.name], { env: { KUBECONFIG: kubeconfig } });
    await starting;
    expect([starting === undefined, stdout]).toEqual([false, ""]);
    expect(await objectsIn(namespace.name)).toContain(`secret/${name}`);
    await kubectl(["delete", "secret", name, "-n", namespace.name]);
  });
});

test(
  "a build that is named again after it is gone is another one: the same name changes nothing",
  { tags: ["long"] },
  async () => {
    await kubectl(["delete", "jobs", "--all", "-n", namespace.name, "--timeout=120s"]);
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    await mustBuild(namespace, ["-t", uniqueImage(), root]);
    const name = (await run(["ps", "-a", "-q"])).stdout.trim();
    await run(["rm", name]);
    await expect.poll(jobs).toEqual([]);
    await forge({ name, script: says(NOWHERE) });
    await ended(name);
    const latest = await run(["wait"]);
    expect([latest.code, latest.stdout]).toEqual([125, ""]);
  },
);
