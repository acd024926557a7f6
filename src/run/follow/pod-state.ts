/** The state of a build, from its pod's status. Pure. */
import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { pullFailure, setupFailure } from "./pod-failure.ts";
import type { PodFailure } from "./pod-failure.ts";

export type PodState =
  /** Held back by slipway's gate. */
  | { readonly kind: "gated" }
  /** Not on a node yet; with the scheduler's reason, if there is one. */
  | { readonly kind: "unscheduled"; readonly message: string }
  /** On a node, but its container has not started: the node mounts volumes or pulls the image. */
  | { readonly kind: "starting"; readonly node: string }
  | { readonly kind: "receiving" }
  /** `silent` is its node, if that does not answer any more. */
  | { readonly kind: "building"; readonly silent?: string }
  | {
      readonly kind: "ended";
      readonly exitCode: number;
      readonly reason: string;
      readonly message: string;
      readonly deleted: boolean;
    }
  /** It will never build. */
  | { readonly kind: "failed"; readonly failure: PodFailure };

export interface ContainerNames {
  readonly receiver: string;
  readonly builder: string;
}

export function podState(pod: V1Pod, names: ContainerNames): PodState {
  const builder = statusOf(pod.status?.containerStatuses, names.builder);
  const deleted = pod.metadata?.deletionTimestamp !== undefined;
  const end = builder?.state?.terminated;
  if (end !== undefined) {
    return { kind: "ended", exitCode: end.exitCode, reason: end.reason ?? "", message: end.message ?? "", deleted };
  }
  const failure = podFailure(pod, names);
  if (failure !== undefined) return { kind: "failed", failure };
  if (builder?.state?.running !== undefined) return { kind: "building", ...omitUndefined({ silent: silentNode(pod) }) };
  if (statusOf(pod.status?.initContainerStatuses, names.receiver)?.state?.running !== undefined)
    return { kind: "receiving" };
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === "PodScheduled");
  if (scheduled?.reason === "SchedulingGated") return { kind: "gated" };
  if (pod.spec?.nodeName === undefined) return { kind: "unscheduled", message: scheduled?.message ?? "" };
  return { kind: "starting", node: pod.spec.nodeName };
}

/**
 * The node if the cluster does not hear from it: the node controller then says that the pod is not ready, and leaves the containers as the
 * kubelet last reported them (k8s.io/kubernetes pkg/controller/util/node, MarkPodsNotReady).
 */
export function silentNode({ spec, status }: V1Pod): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const areReady = status?.containerStatuses?.every((container) => container.ready);
  const isOnlyItsOwn = (spec?.readinessGates ?? []).length === 0;
  return ready?.status === "False" && areReady === true && isOnlyItsOwn ? spec?.nodeName : undefined;
}

/** The names of the containers that run, other than this one. A native sidecar is an init container, which the kubelet ends by itself. */
export function runningBeside(pod: V1Pod, container: string): readonly string[] {
  const running = pod.status?.containerStatuses?.filter(({ state }) => state?.running !== undefined) ?? [];
  return running.map(({ name }) => name).filter((name) => name !== container);
}

function podFailure(pod: V1Pod, names: ContainerNames): PodFailure | undefined {
  const receiver = statusOf(pod.status?.initContainerStatuses, names.receiver);
  if (pod.status?.phase === "Failed" && pod.status.reason !== undefined) {
    return { reason: pod.status.reason, message: pod.status.message ?? "the pod failed" };
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    return { reason: "Deleted", message: "the pod was deleted before the build had ended" };
  }
  const received = receiver?.state?.terminated;
  if (received !== undefined && received.exitCode !== 0) {
    return {
      reason: "ReceiverFailed",
      message:
        received.message?.trim() || `the container that receives the context ended with exit code ${received.exitCode}`,
    };
  }
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const failure = pullFailure(status) ?? setupFailure(status);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function statusOf(statuses: readonly V1ContainerStatus[] | undefined, name: string): V1ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}
