/** Pods as a cluster shows them, in each state of a build. */
import type { V1ContainerState, V1ContainerStatus, V1Pod, V1PodStatus } from "@kubernetes/client-node";

export const NAMES = { receiver: "receive-context", builder: "kaniko" };
export const IMAGE = "ghcr.io/osscontainertools/kaniko:v1.28.3";
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

export function podWith(status: V1PodStatus, node: string | undefined = "node-1"): V1Pod {
  return {
    metadata: { name: "slipway-app-x-abcde" },
    spec: { containers: [], ...(node === undefined ? {} : { nodeName: node }) },
    status,
  };
}

export function container(name: string, state: V1ContainerState): V1ContainerStatus {
  return { name, image: IMAGE, imageID: "", ready: false, restartCount: 0, state };
}

export const gated = podWith(
  {
    phase: "Pending",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ],
  },
  undefined,
);
gated.spec = { containers: [], schedulingGates: [{ name: "slipway.dev/objects-created" }] };

const NO_ROOM =
  "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found.";

export const unscheduled = podWith(
  {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: NO_ROOM }],
  },
  undefined,
);
unscheduled.spec = { containers: [] };

export const starting = podWith({
  phase: "Pending",
  conditions: [{ type: "PodScheduled", status: "True" }],
  containerStatuses: [container("kaniko", { waiting: { reason: "ContainerCreating" } })],
});

export const receiving = podWith({
  phase: "Pending",
  initContainerStatuses: [container("receive-context", { running: {} })],
  containerStatuses: [container("kaniko", { waiting: { reason: "PodInitializing" } })],
});

export const building = podWith({
  phase: "Running",
  initContainerStatuses: [container("receive-context", { terminated: { exitCode: 0, reason: "Completed" } })],
  containerStatuses: [container("kaniko", { running: {} })],
});

export function endedWith(exitCode: number, message = "", reason = exitCode === 0 ? "Completed" : "Error"): V1Pod {
  return podWith({
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    containerStatuses: [container("kaniko", { terminated: { exitCode, reason, message } })],
  });
}

/** The same, while it is being deleted. */
export function deleting(pod: V1Pod): V1Pod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date("2026-01-01T00:00:00Z") } };
}

export function waitingFor(reason: string, message: string, of: "kaniko" | "receive-context" = "kaniko"): V1Pod {
  const status = container(of, { waiting: { reason, message } });
  return podWith({
    phase: "Pending",
    ...(of === "kaniko" ? { containerStatuses: [status] } : { initContainerStatuses: [status] }),
  });
}
