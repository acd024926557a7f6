/** Builds that outlive their client: detach, attach, wait, cancel and rm, only with what is in the cluster. */
import { mkdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { BUSYBOX, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { madeFromNow, objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";
import { printedBy, printing } from "./support/step-lines.ts";

const namespace = useNamespace({ rbac: ["--manage"] });
/** Nobody builds in it. */
const quiet = useNamespace({ rbac: ["--manage"] });
/** As the account the builds are made by: what `slipway rbac` prints has to do for looking after them, too. */
const run = (...args: string[]): Promise<Run> => asAccount(args);
const asAccount = (args: readonly string[], env: RunOptions["env"] = {}, where = namespace): Promise<Run> =>
  slipway([...args, "-n", where.name], { env: { KUBECONFIG: where.kubeconfig, ...env } });
const COUNTS = `FROM ${BUSYBOX}\nRUN for i in 1 2 3 4; do echo line $i; sleep 1; done\n`;

/** Sends a signal when the builder's output has this line. */
function at(line: RegExp, signal: NodeJS.Signals): RunOptions {
  let sent = false;
  return {
    onStderr: (text, child) => {
      if (sent || !line.test(text)) return;
      sent = true;
      child.kill(signal);
    },
  };
}

async function detached(dockerfile: string, ...args: string[]): Promise<string> {
  const root = await project({ Dockerfile: dockerfile });
  const left = await mustBuild(namespace, ["--detach", ...args, root]);
  expect(left.stdout).toMatch(/^slipway-[a-z0-9-]+\n$/);
  return left.stdout.trim();
}

test("a detached build has no password in the cluster, and attach has its log, result and exit code", async () => {
  const registry = environment("REGISTRY_AUTH");
  const login = `${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`;
  const image = uniqueImage(registry);
  const auths = { [registry]: { auth: Buffer.from(login).toString("base64") } };
  const root = await project({ Dockerfile: COUNTS, "docker/config.json": JSON.stringify({ auths }) });
  const env = { DOCKER_CONFIG: `${root}/docker` };
  const name = (await mustBuild(namespace, ["--detach", "-t", image, root], { env })).stdout.trim();
  expect((await objectsIn(namespace.name)).filter((object) => /^(?:secret|configmap)\/slipway/.test(object))).toEqual(
    [],
  );
  const first = await asAccount(["attach", name], env);
  // Kaniko's own lines go to the other stream of the container, and may stand between.
  expect(printedBy(first.stderr).match(/^line \d$/gm)).toEqual(["line 1", "line 2", "line 3", "line 4"]);
  const { digest, configDigest } = await readImage(image, { login });
  expect([first.code, first.stdout]).toEqual([0, ""]);
  expect(first.stderr).toMatch(new RegExp(`^=> built digest ${digest}$`, "m"));
  const again = await asAccount(["attach", "-q", "latest"], env);
  expect([again.code, again.stdout, again.stderr]).toEqual([0, `${configDigest}\n`, ""]);
  const [record] = JSON.parse((await run("inspect", name)).stdout) as [Record<string, unknown>];
  expect(record).toMatchObject({ name, state: "built", digest, exitCode: 0, references: [`${image}:latest`] });
  expect((await run("logs", name)).stdout.match(/^line \d$/gm)).toEqual(["line 1", "line 2", "line 3", "line 4"]);
  expect((await run("rm", name)).stdout).toBe(`${name}\n`);
  expect((await run("attach", name)).code).toBe(125);
});

test("killed client: the build keeps running, and attach has the whole log and the result", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: COUNTS });
  const killed = await build(namespace, ["-t", image, root], at(printing("line 2"), "SIGKILL"));
  expect(killed.signal).toBe("SIGKILL");
  const attached = await run("attach", image.split("/").at(-1) ?? "");
  expect(printedBy(attached.stderr).match(/^line \d$/gm)).toEqual(["line 1", "line 2", "line 3", "line 4"]);
  expect(attached.stderr).toContain(`=> built digest ${(await readImage(image)).digest}\n`);
});

test(
  "a closed terminal and Ctrl-C with --detach-on-interrupt leave the build, cancel stops it",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
    const made = await madeFromNow(namespace.name);
    const left = await Promise.all([
      build(namespace, [root], at(printing("sleeping"), "SIGHUP")),
      build(namespace, ["--detach-on-interrupt", root], at(printing("sleeping"), "SIGINT")),
    ]);
    for (const { code, stdout, stderr } of left) {
      expect([code, stdout]).toEqual([130, ""]);
      expect(stderr).toMatch(
        /^ERROR: detached; build slipway-\S+ keeps running in the cluster\n {2}- To come back to it: run `slipway attach/m,
      );
    }
    const names = (await run("ps", "-q")).stdout.trim().split("\n");
    expect(names).toHaveLength(2);
    const running = await run("ps", "--format", "{{.Name}} {{.State}}");
    expect(running.stdout.trim().split("\n").sort()).toEqual(names.map((name) => `${name} building`).sort());
    const refused = await run("rm", names[0] ?? "");
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("has not ended: building")]);
    expect((await run("cancel", ...names)).stdout).toBe(`${names.join("\n")}\n`);
    const states = await run("ps", "-a", "--format", "{{.Name}} {{.State}}");
    for (const name of names) expect(states.stdout).toContain(`${name} cancelled\n`);
    expect((await run("rm", ...names)).stdout).toBe(`${names.join("\n")}\n`);
    await expect.poll(made).toEqual([]);
  },
);

test("wait prints each build's result, and has the exit code of the one that failed", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const good = await detached(`FROM ${BUSYBOX}\nRUN true\n`, "-t", image);
  const bad = await detached(`FROM ${BUSYBOX}\nRUN echo last words; exit 7\n`);
  const waited = await run("wait", good, bad);
  expect([waited.code, waited.stdout]).toEqual([1, `${image}:latest@${(await readImage(image)).digest}\n`]);
  expect(waited.stderr).toMatch(/last words\n[^]*^ERROR: `RUN echo last words; exit 7` ended with exit code 7$/m);
  const states = await run("ps", "-a", "--format", "{{.Name}} {{.State}}");
  expect(states.stdout).toContain(`${good} built\n`);
  expect(states.stdout).toContain(`${bad} failed\n`);
});

test("a cancelled build ends for every client that watches it", async () => {
  const name = await detached(`FROM ${BUSYBOX}\nRUN sleep 300\n`);
  const watcher = run("attach", name);
  await expect.poll(() => kubectl(["get", "job", name, "-n", namespace.name, "-o", "name"])).toContain(name);
  await run("cancel", name);
  const end = await watcher;
  expect([end.code, end.stdout]).toEqual([130, ""]);
  expect(end.stderr).toMatch(/^ERROR: the build was cancelled by \S+slipway\n {2}- `slipway ps -a` still lists it/m);
  // Only its record is left, for everybody who asks later.
  const kinds = "pods,secrets,configmaps";
  const objects = ["get", kinds, "-n", namespace.name, "-l", `slipway.dev/build=${name}`, "-o", "name"];
  await expect.poll(() => kubectl(objects)).toBe("");
  const later = await run("wait", name);
  expect([later.code, later.stderr]).toEqual([130, expect.stringContaining("ERROR: the build was cancelled by ")]);
  const [record] = JSON.parse((await run("inspect", name)).stdout) as [Record<string, unknown>];
  expect(record).toMatchObject({ state: "cancelled", goneAt: expect.anything() as unknown });
  const listed = await run("prune", "--dry-run");
  expect(listed.stdout + listed.stderr).toContain(name);
  expect((await run("rm", name)).stdout).toBe(`${name}\n`);
});

test("a build that its deadline ended is still reported so later", { tags: ["long"] }, async () => {
  const name = await detached(`FROM ${BUSYBOX}\nRUN sleep 300\n`, "--timeout", "6s");
  const end = await run("attach", name);
  expect([end.code, end.stdout]).toEqual([124, ""]);
  const later = await run("attach", name);
  expect([later.code, later.stderr]).toEqual([
    124,
    expect.stringMatching(/^ERROR: the build was stopped after 6 seconds/m),
  ]);
  // Kubernetes takes the pod away in its own time; until then its log is there to be read.
  await expect.poll(async () => (await run("logs", name)).stderr).toMatch(/^ERROR: the build \S+ no longer has a log/m);
});

test.for([
  [["attach", "no-such-build"], /there is no build "no-such-build" in the namespace/],
  [["cancel"], /have no running build/],
  [["rm"], /name at least one build to remove/],
  [["ps", "--format", "{{.Nothing}}"], /unknown field \.Nothing/],
  [["ps", "--format", "{{if .Name}}"], /is not supported in slipway's templates/],
] as const)("bad input: %j", { tags: ["long"] }, async ([args, says]) => {
  const root = await project({});
  await mkdir(`${root}/empty`);
  const end = await asAccount(args, {}, quiet);
  expect([end.code, end.stdout]).toEqual([125, ""]);
  expect(end.stderr.split("\n")[0]).toMatch(says);
});
