import { describe, expect, it } from "vitest";
import { podState } from "../../../../src/run/follow/pod-state.ts";
import {
  DIGEST,
  NAMES,
  building,
  container,
  deleting,
  endedWith,
  gated,
  podWith,
  receiving,
  starting,
  unscheduled,
  waitingFor,
} from "./pods.ts";

describe("a pod's status as a build's state", () => {
  it.each([
    ["held back by slipway's gate", gated, { kind: "gated" }],
    [
      "without a node",
      unscheduled,
      { kind: "unscheduled", message: expect.stringContaining("0/3 nodes are available: 3 Insufficient memory") },
    ],
    ["not seen by the scheduler yet", { spec: { containers: [] }, status: {} }, { kind: "unscheduled", message: "" }],
    ["on a node", starting, { kind: "starting", node: "node-1" }],
    ["waiting for its context", receiving, { kind: "receiving" }],
    ["building", building, { kind: "building" }],
    [
      "building on a node that the cluster does not hear from",
      podWith({
        phase: "Running",
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [{ ...container("kaniko", { running: {} }), ready: true }],
      }),
      { kind: "building", silent: "node-1" },
    ],
    [
      "built",
      endedWith(0, DIGEST),
      { kind: "ended", exitCode: 0, reason: "Completed", message: DIGEST, deleted: false },
    ],
    [
      "failed in a RUN",
      endedWith(42, "x"),
      { kind: "ended", exitCode: 42, reason: "Error", message: "x", deleted: false },
    ],
    [
      "built, then deleted",
      deleting(endedWith(0, DIGEST)),
      { kind: "ended", exitCode: 0, reason: "Completed", message: DIGEST, deleted: true },
    ],
    [
      "out of memory",
      endedWith(137, "", "OOMKilled"),
      { kind: "ended", exitCode: 137, reason: "OOMKilled", message: "", deleted: false },
    ],
  ])("%s", (_name, pod, state) => {
    expect(podState(pod, NAMES)).toEqual(state);
  });

  it("ignores the end of a sidecar", () => {
    const status = {
      ...building.status,
      containerStatuses: [
        container("istio-proxy", { terminated: { exitCode: 1 } }),
        container("kaniko", { running: {} }),
      ],
    };
    expect(podState({ ...building, status }, NAMES)).toEqual({ kind: "building" });
  });
});

describe("a pod that will never build", () => {
  it.each([
    ["deleted", deleting(building), { reason: "Deleted", message: "the pod was deleted before the build had ended" }],
    [
      "evicted",
      podWith({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage." }),
      { reason: "Evicted", message: "The node was low on resource: ephemeral-storage." },
    ],
    [
      "without a context in time",
      podWith({
        initContainerStatuses: [
          container("receive-context", {
            terminated: {
              exitCode: 1,
              message: "no data of the context arrived for 300 seconds: its client is gone\n",
            },
          }),
        ],
      }),
      { reason: "ReceiverFailed", message: "no data of the context arrived for 300 seconds: its client is gone" },
    ],
    [
      "whose receiver reports nothing",
      podWith({ initContainerStatuses: [container("receive-context", { terminated: { exitCode: 127 } })] }),
      { reason: "ReceiverFailed", message: "the container that receives the context ended with exit code 127" },
    ],
    [
      "whose helper image does not exist",
      waitingFor("ImagePullBackOff", 'Back-off pulling image "busybox:x"', "receive-context"),
      { reason: "ImagePullBackOff", message: expect.stringContaining("it does not exist") },
    ],
    [
      "whose image has an invalid name",
      waitingFor(
        "InvalidImageName",
        'Failed to apply default image tag "A B": couldn\'t parse image name "A B": invalid reference format',
      ),
      { reason: "InvalidImageName", message: expect.stringContaining("invalid reference format") },
    ],
    [
      "whose container cannot be created",
      waitingFor("CreateContainerConfigError", 'configmap "x" not found'),
      { reason: "CreateContainerConfigError", message: 'configmap "x" not found' },
    ],
  ])("%s", (_name, pod, failure) => {
    expect(podState(pod, NAMES)).toEqual({ kind: "failed", failure });
  });
});
