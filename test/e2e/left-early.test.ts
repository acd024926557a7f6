/** A client that is killed before the build can do without it: what it leaves ends minutes later, not at the build's time limit. */
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, REGISTRY, build, mustBuild, uniqueImage } from "./support/build.ts";
import { detour } from "./support/detour.ts";
import { kubectl } from "./support/kubectl.ts";
import { leastKubeconfig } from "./support/least.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--manage"] });
const run = (...args: string[]): Promise<Run> =>
  slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig } });

interface Job {
  readonly metadata: {
    readonly name: string;
    readonly annotations: Record<string, string>;
  };
  readonly spec: { readonly activeDeadlineSeconds: number };
}

async function jobOf(name: string): Promise<Job> {
  return JSON.parse(await kubectl(["get", "job", name, "-n", namespace.name, "-o", "json"])) as Job;
}

/** Does at once what the cluster would do at the Job's deadline, minutes from now. */
async function letDeadlinePass({ metadata }: Job): Promise<void> {
  const patch = { spec: { activeDeadlineSeconds: 1 } };
  await kubectl(["patch", "job", metadata.name, "-n", namespace.name, "--type=merge", "-p", JSON.stringify(patch)]);
}

/** Kills the client when it has said this. */
const killedAt = (line: RegExp): RunOptions => ({
  onStderr: (text, child) => {
    if (line.test(text)) child.kill("SIGKILL");
  },
});

const nameIn = ({ stderr }: Run): string => /^=> create: (slipway-\S+-[a-z0-9]{8})$/m.exec(stderr)?.[1] ?? "";

test.for([
  [
    "before its Secret is there",
    async (root: string) => {
      const before = Promise.withResolvers<void>();
      const { kubeconfig } = await detour(namespace.kubeconfig, {
        hold: (request) => {
          if (!/^POST \S+\/secrets$/.test(request)) return undefined;
          before.resolve();
          return new Promise(() => {});
        },
      });
      return build(namespace, ["--timeout", "3h", "-t", uniqueImage(), root], {
        env: { KUBECONFIG: kubeconfig, DOCKER_CONFIG: `${root}/docker` },
        onStderr: (text, child) => {
          // The pod is there, and so the Job is.
          if (/^=> create \(/m.test(text)) void before.promise.then(() => child.kill("SIGKILL"));
        },
      });
    },
    /^for its client to send its inputs$/,
  ],
  [
    "while no node takes its pod",
    (root: string) => {
      const args = ["--timeout", "3h", "--transport", "stream", "--node-selector", "slipway-test/nowhere=1", root];
      return build(namespace, args, killedAt(/waiting for a node/));
    },
    /didn't match Pod's node affinity/,
  ],
] as const)("killed %s", { tags: ["long"] }, async ([, kill, waitsFor]) => {
  const made = await madeFromNow(namespace.name);
  const auths = { [REGISTRY]: { auth: Buffer.from("user:password").toString("base64") } };
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN true\n`,
    "docker/config.json": JSON.stringify({ auths }),
  });
  const killed = await kill(root);
  expect(killed.signal).toBe("SIGKILL");
  const name = nameIn(killed);
  const job = await jobOf(name);
  expect(job.spec.activeDeadlineSeconds).toBe(300);
  const [waiting] = JSON.parse((await run("inspect", name)).stdout) as [Record<string, unknown>];
  expect(waiting).toMatchObject({
    state: "waiting",
    timeoutSeconds: 10_800,
    reason: expect.stringMatching(waitsFor) as string,
  });
  let passed: Promise<void> | undefined;
  const watched = await slipway(["attach", name, "-n", namespace.name], {
    env: { KUBECONFIG: namespace.kubeconfig },
    onStderr: (text) => {
      if (/waiting for (?:a node|the client)/.test(text)) passed ??= letDeadlinePass(job);
    },
  });
  await passed;
  expect([watched.code, watched.stdout]).toEqual([3, ""]);
  expect(watched.stderr).toMatch(
    /^ERROR: the build was ended: the client was silent for 5 minutes before the upload had finished\n {2}- Build again/m,
  );
  await expect
    .poll(async () => (await run("ps", "-a", "--format", "{{.Name}} {{.State}}")).stdout)
    .toContain(`${name} failed\n`);
  const later = await run("attach", name);
  expect([later.code, later.stderr]).toEqual([
    3,
    expect.stringMatching(/^ERROR: .*the client was silent for 5 minutes/m),
  ]);
  await expect
    .poll(() => kubectl(["get", "pods", "-n", namespace.name, "-l", `slipway.dev/build=${name}`, "-o", "name"]))
    .toBe("");
  await run("rm", name);
  await expect.poll(made).toEqual([]);
});

test.for(["configmap", "stream"])(
  "once its context is in, by %s, a build has its whole time",
  { tags: ["long"] },
  async (transport) => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 300\n` });
    const args = ["--detach", "--timeout", "20m", "--transport", transport, "-t", uniqueImage(), root];
    const name = (await mustBuild(namespace, args)).stdout.trim();
    const { spec, metadata } = await jobOf(name);
    expect([spec.activeDeadlineSeconds, metadata.annotations["slipway.dev/timeout-seconds"]]).toEqual([1200, "1200"]);
    expect((await run("cancel", name)).code).toBe(0);
  },
);

test("a Role without the right to change a deadline: the build works, and doctor names the consequence", async () => {
  const role = JSON.parse(await kubectl(["get", "role", "slipway", "-n", namespace.name, "-o", "json"])) as {
    rules: { resources: string[]; verbs: string[] }[];
  };
  const without = role.rules.map((rule) =>
    rule.resources.includes("jobs") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "patch") } : rule,
  );
  await kubectl(["apply", "-f", "-"], JSON.stringify({ ...role, rules: without }));
  onTestFinished(async () => void (await leastKubeconfig(namespace.name, ["--manage"])));
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const built = await mustBuild(namespace, ["--timeout", "20m", "-t", uniqueImage(), root]);
  const { spec, metadata } = await jobOf(nameIn(built));
  expect([spec.activeDeadlineSeconds, metadata.annotations]).toEqual([
    1200,
    expect.not.objectContaining({ "slipway.dev/timeout-seconds": expect.anything() as unknown }),
  ]);
  const doctor = await run("doctor", "--no-pods");
  expect(doctor.stdout + doctor.stderr).toMatch(
    /may not patch jobs .*if the client is killed before the context is sent/,
  );
});
