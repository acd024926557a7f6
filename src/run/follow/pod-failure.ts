/** Why a pod will never build, as one error with its remedy. */
import type { V1ContainerStatus } from "@kubernetes/client-node";
import { AuthError, ClusterError, TimedOut } from "../../errors.ts";
import type { SlipwayError } from "../../errors.ts";
import type { Waited } from "./unschedulable.ts";

/** Reason and message from the pod's status. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

/** The kubelet's reasons for an image that it cannot get (k8s.io/kubernetes pkg/kubelet/images/types.go). */
const PULL_REASONS = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
/** The kubelet's reasons for a container that it cannot create from the pod's spec (pkg/kubelet/kuberuntime). */
const SETUP_REASONS = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);

/** The flags of `slipway build` that name its pod's images. */
const BUILD_IMAGE_FLAGS = ["--builder-image", "--helper-image"] as const;

/** A pull that failed once may succeed later; the kubelet's back-off, which follows the second failure, counts as final. */
export function pullFailure(status: V1ContainerStatus): PodFailure | undefined {
  const waiting = status.state?.waiting;
  if (waiting?.reason === undefined || !PULL_REASONS.has(waiting.reason)) return undefined;
  const message = waiting.message ?? "";
  const final =
    waiting.reason !== "ErrImagePull" ||
    /not found|manifest unknown|unauthorized|authorization failed|denied/i.test(message);
  return final ? { reason: waiting.reason, message: `${status.image}: ${lastCause(message)}` } : undefined;
}

export function setupFailure(status: V1ContainerStatus): PodFailure | undefined {
  const waiting = status.state?.waiting;
  if (waiting?.reason === undefined || !SETUP_REASONS.has(waiting.reason)) return undefined;
  return { reason: waiting.reason, message: waiting.message ?? `container ${status.name} cannot be created` };
}

/** Whether the node could not get an image for the pod. */
export function isPullFailure({ reason }: PodFailure): boolean {
  return PULL_REASONS.has(reason);
}

/** @param imageFlags the flags that name the pod's images, for the remedies */
export function errorOf(
  failure: PodFailure,
  timeoutSeconds: number,
  imageFlags: readonly string[] = BUILD_IMAGE_FLAGS,
): SlipwayError {
  const { reason, message } = failure;
  if (reason === "DeadlineExceeded") return timedOut(timeoutSeconds);
  if (isPullFailure(failure)) {
    const flags = imageFlags.join(" or ");
    const unauthorised = /unauthorized|authorization failed|denied|403|401/i.test(message);
    const text = `the node cannot pull the image ${message}`;
    return unauthorised
      ? new AuthError(text, {
          suggestions: [
            `Let the namespace's service account pull it (imagePullSecrets), or name another image with ${flags}.`,
          ],
        })
      : new ClusterError(text, {
          suggestions: [`Name an image the nodes can reach with ${flags}.`],
        });
  }
  if (reason === "Evicted") return evicted(message);
  if (["Terminated", "NodeShutdown", "Shutdown", "NodeLost", "NodeAffinity"].includes(reason)) {
    return new ClusterError(`the build's node ended its pod (${reason}): ${message}`, {
      suggestions: ["Build again."],
    });
  }
  if (reason === "Deleted") {
    return new ClusterError(message, {
      suggestions: ["A person or a controller deleted it (kubectl, a cleanup job, a drained node). Build again."],
    });
  }
  return new ClusterError(`the build's pod failed (${reason}): ${message}`);
}

/** The kubelet's messages: "The node was low on resource: memory. …" or "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi." */
function evicted(message: string): ClusterError {
  const disk = /storage|disk|inodes/i.test(message);
  return new ClusterError(`the node evicted the build's pod: ${message.trim()}`, {
    suggestions: [
      disk
        ? "The node's disk is full, or the pod used more of it than it may: use --transport pvc for the context, or build on a node with a larger disk."
        : "Build again; request the memory with --memory, or use a node with more memory, so that the pod is not evicted.",
    ],
  });
}

/** @param waited what the build waited for, if it never began. */
export function timedOut(timeoutSeconds: number, waited?: Waited): TimedOut {
  const text = `the build was stopped after ${timeoutSeconds} seconds, its time limit`;
  if (waited !== undefined) {
    return new TimedOut(`${text}, and never got ${waited.for}: ${waited.sentence}`, {
      suggestions: waited.suggestions,
    });
  }
  return new TimedOut(text, { suggestions: ["Give it longer with --timeout, for example --timeout 2h."] });
}

/** The innermost cause of a chain of Go errors, which is the useful part: `…: failed to resolve reference "x": x: not found`. */
function lastCause(message: string): string {
  const text = message.replace(/^Back-off pulling image "[^"]*":? ?/, "").replace(/^ErrImagePull: /, "");
  const parts = text.split(": ");
  return parts.length > 3 ? parts.slice(-2).join(": ") : text || "it does not exist";
}
