import type { V1Pod } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { LIMITS } from "../../../../src/lib/limits/limits.ts";
import { NodeWatch, missingArchitecture } from "../../../../src/run/follow/no-node.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";

const ENDING =
  ". no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
const LABELS = "didn't match Pod's node affinity/selector";

function pod(reasons: string, spec: object = {}): V1Pod {
  const message = `0/3 nodes are available: ${reasons}${ENDING}`;
  return {
    metadata: { name: "p", uid: "u" },
    spec: { containers: [], nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "s390x" }, ...spec },
    status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] },
  };
}
const NONE = pod(`3 node(s) ${LABELS}`);

describe("the architecture that no node has", () => {
  it.each([
    ["every node lacks it", `3 node(s) ${LABELS}`],
    ["the others are closed to the pod", `1 node(s) had untolerated taint(s), 2 node(s) ${LABELS}`],
    ["as older schedulers write it", `1 node(s) had untolerated taint {a/b: c}, 2 node(s) ${LABELS}`],
  ])("is known if %s", (_, reasons) => expect(missingArchitecture(pod(reasons))).toBe("s390x"));

  it.each<[string, V1Pod]>([
    ["a node has no room", pod(`1 Insufficient cpu, 2 node(s) ${LABELS}`)],
    ["a node is cordoned", pod(`1 node(s) were unschedulable, 2 node(s) ${LABELS}`)],
    ["all nodes are only closed", pod("3 node(s) had untolerated taint(s)")],
    ["the user chose labels", pod(`3 node(s) ${LABELS}`, { nodeSelector: { "kubernetes.io/arch": "s390x", a: "b" } })],
    ["no architecture is wanted", pod(`3 node(s) ${LABELS}`, { nodeSelector: {} })],
  ])("is not known if %s", (_, waiting) => expect(missingArchitecture(waiting)).toBeUndefined());
});

describe("the wait for a node", () => {
  let cluster: FakeCluster;
  let failures: Promise<unknown>[];
  beforeEach(() => {
    vi.useFakeTimers();
    cluster = new FakeCluster();
    failures = [];
  });
  afterEach(() => vi.useRealTimers());

  const mayNotList = (): void => {
    vi.spyOn(cluster, "list").mockRejectedValue(new AuthError("you may not list nodes"));
  };
  function watch(seen: readonly V1Pod[] = [NONE]): Promise<unknown> {
    const start = (task: Promise<void>): void => void failures.push(task.catch((error: unknown) => error));
    const nodes = new NodeWatch(cluster, start, new AbortController().signal);
    for (const one of seen) nodes.see(one);
    return vi.advanceTimersByTimeAsync(LIMITS.NO_NODE_MS.value + 1).then(() => nodes.stop());
  }
  const say = (reason: string, message = ""): void =>
    cluster.show("events", "added", { reason, message, metadata: {}, involvedObject: {} });

  it("ends with an error that names ways out", async () => {
    mayNotList();
    await watch();
    const [error] = await Promise.all(failures);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      message: `the cluster has no node of linux/s390x for the build's pod: 0/3 nodes are available: 3 node(s) ${LABELS}`,
    });
    expect((error as ClusterError).suggestions.join("\n")).toMatch(/--platform [^]*emulate/);
  });

  it.each([
    ["TriggeredScaleUp", ""],
    ["Nominated", ""],
    ["NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached"],
  ])("continues if a service tells %s %s", async (reason, message) => {
    mayNotList();
    say(reason, message);
    await watch();
    expect(await Promise.all(failures)).toEqual([undefined]);
  });

  it("ends if a service tells that it has no such nodes", async () => {
    mayNotList();
    say("NotTriggerScaleUp", `pod didn't trigger scale-up: 2 node(s) ${LABELS}`);
    await watch();
    expect((await Promise.all(failures))[0]).toBeInstanceOf(ClusterError);
  });

  it("continues if the pod gets a node", async () => {
    mayNotList();
    await watch([NONE, { ...NONE, spec: { containers: [], nodeName: "node-4" } }]);
    expect(await Promise.all(failures)).toEqual([undefined]);
  });

  it("continues for a user who may list nodes, as they have been looked at", async () => {
    await watch();
    expect(await Promise.all(failures)).toEqual([undefined]);
  });
});
