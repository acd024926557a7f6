/** Taking away what is left: what has ended and what lost its owner goes, what is under way stays. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inputsName } from "../../src/plan/inputs-name.ts";
import { BUSYBOX, build, mustBuild } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--manage"] });
/** Of this file's own: in the user's, other tests leave the temporary tags of clients that they kill. */
let state: string;
beforeAll(async () => void (state = await mkdtemp(join(tmpdir(), "slipway-state-"))));
afterAll(() => rm(state, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Run> =>
  slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig, XDG_STATE_HOME: state } });

test("prune removes ended builds and objects without a Job, asks first, and keeps running builds", async () => {
  await build(namespace, [await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN false\n` })]);
  const sleeps = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 300\n` });
  const running = (await mustBuild(namespace, ["--detach", sleeps])).stdout.trim();
  const [ended = ""] =
    (await run("ps", "-a", "--format", "{{.State}} {{.Name}}")).stdout.match(/(?<=failed )\S+/) ?? [];
  const lost = inputsName("slipway-gone-x");
  const labels = ["app.kubernetes.io/managed-by=slipway", "slipway.dev/build=slipway-gone-x"];
  // The second one is somebody else's, with slipway's labels.
  for (const [kind, name] of [
    ["secret", lost],
    ["secret", "prod-db"],
    ["configmap", "prod-web"],
  ] as const) {
    await kubectl(["create", kind, ...(kind === "secret" ? ["generic"] : []), name, "-n", namespace.name]);
    await kubectl(["label", kind, name, "-n", namespace.name, ...labels]);
  }

  const asked = await run("prune", "--all-users");
  expect([asked.code, asked.stdout]).toEqual([125, ""]);
  expect(asked.stderr).toMatch(/^ERROR: prune asks first, but standard input is not a terminal\n {2}- Use -f/m);
  // Listing Secrets would be reading them all: the account may not, and prune removes what it can see, without a warning.
  const dry = await run("prune", "--all-users", "--dry-run");
  expect([dry.code, dry.stdout]).toEqual([0, ""]);
  expect(dry.stderr).toMatch(new RegExp(`^build ${ended} {2}failed \\S+\n$`));
  expect((await run("prune", "-f", "-A", "--older-than", "1h")).stderr).toMatch(/^Nothing to remove/);
  expect((await run("prune", "-f", "-A")).stdout).toBe(`${ended}\n`);
  // The garbage collector deletes the Job's pod a moment later.
  await expect.poll(() => kubectl(["get", "pods", "-n", namespace.name, "-o", "name"])).not.toContain(ended);
  const all = await slipway(["prune", "-f", "-A", "-n", namespace.name], { env: { XDG_STATE_HOME: state } });
  expect([all.stdout, all.stderr]).toEqual([`${lost}\n`, `secrets ${lost}  left without its Job\n`]);
  await expect
    .poll(async () =>
      (await objectsIn(namespace.name)).filter((name) => !/prod-/.test(name) && !name.includes(running)),
    )
    .toEqual([]);
  expect((await run("rm", "-f", running)).stdout).toBe(`${running}\n`);
  await expect.poll(() => objectsIn(namespace.name)).toEqual(["configmap/prod-web", "secret/prod-db"]);
});
