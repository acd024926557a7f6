/**
 * Restarts or removes parts of the cluster during builds. This affects the whole cluster, so nothing else should run on it at the
 * same time.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { BUSYBOX, build, uniqueImage } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { faultsOf } from "./support/run-faults.ts";
import { printing } from "../e2e/support/step-lines.ts";

const RESTART = new URL("../cluster/restart", import.meta.url).pathname;
const NODE = "node-1";
const namespace = useNamespace();
const COUNTS = `FROM ${BUSYBOX}\nARG N\nRUN for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; sleep 1; done; echo $N > /n\n`;
const limits = ["--timeout", "4m", "--ttl", "1m"];

/** Calls `act` once, when the build has printed a matching line. */
function when(line: RegExp, act: () => Promise<unknown>) {
  const done: Promise<unknown>[] = [];
  return {
    done,
    onStderr: (text: string): void => {
      if (done.length === 0 && line.test(text)) done.push(act());
    },
  };
}

const restart = (name: string): Promise<unknown> => promisify(execFile)(RESTART, [name]);

test.each(["apiserver", "kubelet", "containerd"])(
  "a build survives a restart of the %s",
  { timeout: 300_000 },
  async (name) => {
    const image = uniqueImage();
    const root = await project({ Dockerfile: COUNTS });
    const { done, ...options } = when(printing("line 3"), () => restart(name));
    const run = await build(namespace, [...limits, "--build-arg", "N=7", "-t", image, root], options);
    expect(done).toHaveLength(1);
    await Promise.all(done);
    expect(await faultsOf(run, namespace.name, image, 7)).toEqual([]);
  },
);

test("a build survives a restart of the API server during its upload", { timeout: 300_000 }, async () => {
  const image = uniqueImage();
  const dockerfile = `FROM ${BUSYBOX}\nARG N\nCOPY big /big\nRUN echo $N > /n; sha256sum /big | cut -c1-64\n`;
  const root = await project({ Dockerfile: dockerfile, big: randomBytes(120 << 20) });
  const { done, ...options } = when(/^#\d+ transferring context: /m, () => restart("apiserver"));
  const run = await build(namespace, [...limits, "--build-arg", "N=8", "-t", image, root], options);
  expect(done).toHaveLength(1);
  await Promise.all(done);
  expect(await faultsOf(run, namespace.name, image, 8)).toEqual([]);
});

test("a cordoned node finishes its build, and the next build waits and reports why", { timeout: 300_000 }, async () => {
  const [first, second] = [uniqueImage(), uniqueImage()];
  const root = await project({ Dockerfile: COUNTS });
  const cordoned = when(printing("line 3"), () => kubectl(["cordon", NODE]));
  const uncordoned = when(/^=> waiting for a node: .*unschedulable/m, () => kubectl(["uncordon", NODE]));
  try {
    const running = build(namespace, [...limits, "--build-arg", "N=1", "-t", first, root], cordoned);
    await expect.poll(() => cordoned.done.length).toBe(1);
    await cordoned.done[0];
    const waited = await build(namespace, [...limits, "--build-arg", "N=2", "-t", second, root], uncordoned);
    expect(await faultsOf(await running, namespace.name, first, 1)).toEqual([]);
    expect(await faultsOf(waited, namespace.name, second, 2)).toEqual([]);
    expect(uncordoned.done).toHaveLength(1);
  } finally {
    await kubectl(["uncordon", NODE]);
  }
});

test("a build whose node is deleted fails and names the reason", { timeout: 300_000 }, async () => {
  const labels = { "slipway.dev/lost": "yes", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "slipway-lost", labels } };
  const size = { cpu: "8", memory: "16Gi", pods: "20", "ephemeral-storage": "100Gi" };
  const now = new Date().toISOString();
  const ready = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  await kubectl(["apply", "-f", "-"], JSON.stringify(node));
  try {
    const status = { status: { capacity: size, allocatable: size, conditions: [ready] } };
    await kubectl([
      "patch",
      "node",
      "slipway-lost",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify(status),
    ]);
    const gone = when(/^=> starting the pod on node slipway-lost/m, () => kubectl(["delete", "node", "slipway-lost"]));
    const root = await project({ Dockerfile: COUNTS });
    const run = await build(namespace, [...limits, "--node-selector", "slipway.dev/lost=yes", root], gone);
    expect(gone.done).toHaveLength(1);
    expect([run.code, run.stderr]).toEqual([3, expect.stringMatching(/^ERROR: .*its node no longer exists/m)]);
  } finally {
    await kubectl(["delete", "node", "slipway-lost", "--ignore-not-found"]);
  }
});

test("the builds of these tests leave no object behind", { timeout: 360_000 }, async () => {
  await expect.poll(() => objectsIn(namespace.name), { timeout: 330_000, interval: 2000 }).toEqual([]);
});
