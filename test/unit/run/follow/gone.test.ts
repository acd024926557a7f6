import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ClusterError, TimedOut } from "../../../../src/errors.ts";
import { goneError } from "../../../../src/run/follow/gone.ts";
import { explainUnschedulable } from "../../../../src/run/follow/unschedulable.ts";
import { withLease } from "../../../../src/run/client-lease.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";
import { building, gated } from "./pods.ts";

const JOB = "slipway-app-x";
const IDENTITY = { name: JOB, uid: "uid-of-the-job" };
const build = { job: IDENTITY, timeoutSeconds: 60 };
let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
});

function job(reason?: string): V1Job {
  const conditions = reason === undefined ? [] : [{ type: "FailureTarget", status: "True", reason }];
  return { metadata: IDENTITY, status: { conditions } };
}

function disrupted(reason: string, message: string): V1Pod {
  const conditions = [{ type: "DisruptionTarget", status: "True", reason, message }];
  return { ...building, status: { ...building.status, conditions } };
}

describe("the reason for a deleted pod", () => {
  it("is the Job's deletion", async () => {
    expect(await goneError(cluster, build)).toMatchObject({
      message: `the build was cancelled: its Job ${JOB} was deleted`,
    });
  });

  it("is the loss of the node, if the cluster did not hear from it before", async () => {
    cluster.stored.set(`jobs/${JOB}`, job("PodFailurePolicy"));
    const pod = disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    const containerStatuses = pod.status?.containerStatuses?.map((one) => ({ ...one, ready: true })) ?? [];
    const conditions = [...(pod.status?.conditions ?? []), { type: "Ready", status: "False" }];
    const silent = { ...pod, status: { ...pod.status, conditions, containerStatuses } };
    expect(await goneError(cluster, build, silent)).toMatchObject({
      message: "the build's pod on node-1 was terminated: its node was lost, and does not answer any more",
    });
  });

  it("is the Job's deadline, even if the Job's status shows it later", async () => {
    vi.useFakeTimers();
    cluster.stored.set(`jobs/${JOB}`, job());
    const error = goneError(cluster, build, building);
    await vi.advanceTimersByTimeAsync(500);
    cluster.stored.set(`jobs/${JOB}`, job("DeadlineExceeded"));
    await vi.advanceTimersByTimeAsync(500);
    expect(await error).toBeInstanceOf(TimedOut);
    vi.useRealTimers();
  });

  it("is the user who cancelled the build", async () => {
    const annotations = { "slipway.dev/cancelled-by": "jane" };
    cluster.stored.set(`jobs/${JOB}`, { ...job("DeadlineExceeded"), metadata: { ...IDENTITY, annotations } });
    expect(await goneError(cluster, build, building)).toMatchObject({
      kind: "interrupted",
      message: "the build was cancelled by jane",
    });
  });

  it("is a lost client if the Job's lease ran out", async () => {
    const early = withLease({
      ...job("DeadlineExceeded"),
      spec: { activeDeadlineSeconds: 7200, template: {} },
    });
    cluster.stored.set(`jobs/${JOB}`, early);
    expect(await goneError(cluster, build, gated)).toMatchObject({
      kind: "cluster",
      message: "the build was ended: the client was silent for 5 minutes before the upload had finished",
    });
  });

  it.each([
    [
      "EvictionByEvictionAPI",
      "Eviction API: evicting",
      "it was evicted, for example because its node was drained (Eviction API: evicting)",
    ],
    ["DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", "its node was lost, or got a taint"],
    ["PreemptionByScheduler", "", "the scheduler made room for a pod of higher priority"],
    ["DeletionByPodGC", "PodGC: node no longer exists", "its node no longer exists"],
    [
      "TerminationByKubelet",
      "Pod was terminated in response to imminent node shutdown.",
      "its node terminated it (Pod was terminated in response to imminent node shutdown)",
    ],
  ])("is a disruption: %s", async (reason, message, says) => {
    cluster.stored.set(`jobs/${JOB}`, job("BackoffLimitExceeded"));
    const error = await goneError(cluster, build, disrupted(reason, message));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toContain(`the build's pod on node-1 was terminated: ${says}`);
  });

  it("is a deletion if nothing else is known", async () => {
    cluster.stored.set(`jobs/${JOB}`, job("BackoffLimitExceeded"));
    expect((await goneError(cluster, build, building)).message).toBe("the build's pod was deleted before it had ended");
  });
});

describe("the reason why no node takes the pod", () => {
  it.each([
    [
      "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found.",
      "0/3 nodes are available: 3 Insufficient memory",
      /^Request less/,
    ],
    [
      "0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
      "0/1 nodes are available: 1 node(s) were unschedulable",
      /^Nodes are cordoned/,
    ],
    [
      "0/2 nodes are available: 2 node(s) had untolerated taint {a: b}.",
      "0/2 nodes are available: 2 node(s) had untolerated taint {a: b}",
      /taint/,
    ],
    [
      "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: x",
      "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims",
      /--storage-class/,
    ],
    [
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector",
      /--show-labels/,
    ],
    [
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity. preemption: x",
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity",
      /^The build's volume can be mounted on another node only/,
    ],
    [
      "0/1 nodes are available: 1 node(s) had volume node affinity conflict.",
      "0/1 nodes are available: 1 node(s) had volume node affinity conflict",
      /^The build's volume can be mounted on another node only/,
    ],
  ])("%s", (message, sentence, remedy) => {
    const explained = explainUnschedulable(message);
    expect(explained.sentence).toBe(sentence);
    expect(explained.suggestions).toEqual([expect.stringMatching(remedy)]);
  });
});
