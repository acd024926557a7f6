/** The end of an upload: it is carried out once, and known to be, even if the connection is lost at that moment. */
import { setTimeout as pause } from "node:timers/promises";
import type { V1ContainerState, V1Pod } from "@kubernetes/client-node";
import { httpStatusOf } from "../lib/kube/refusal.ts";
import { ClusterError } from "../errors.ts";
import { RECEIVER } from "../plan/layout.ts";
import { NotRetryable } from "./attempts.ts";
import type { PodSession } from "./pod-session.ts";
import { COMMIT_FAULTS } from "./receiver.ts";

/** How often a commit is tried while its outcome is unknown, and how long to wait in between. */
const MAX_COMMITS = 5;
const COMMIT_PAUSE_MS = 1000;

/**
 * Runs the commit command until it is known whether it was carried out: by its exit code, or else by the pod, whose receiver
 * exits with 0 only after a commit.
 * @throws ClusterError when something else arrived than was sent, or the outcome cannot be learned.
 */
export async function commit(session: PodSession, command: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const doubt = await runOnce(session, command);
    if (doubt === undefined) return;
    // The receiver may have ended before the command that let it end.
    const state = await receiverState(session);
    if (state?.terminated?.exitCode === 0) return;
    if (state?.terminated !== undefined || attempt === MAX_COMMITS) throw doubt;
    await pause(COMMIT_PAUSE_MS, undefined, { signal: session.signal });
  }
}

/** Undefined when it was carried out, else why that is not known. @throws ClusterError when it is known to have failed. */
async function runOnce({ cluster, pod, signal }: PodSession, command: readonly string[]): Promise<Error | undefined> {
  let errors = "";
  let code: number | undefined;
  try {
    const stderr = (chunk: Uint8Array): void => void (errors += Buffer.from(chunk).toString());
    ({ exitCode: code } = await cluster.exec(pod, RECEIVER, command, { stderr }, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClusterError) return error;
    throw error;
  }
  if (code === 0) return undefined;
  const failure = unpackFailed(errors.trim().split("\n").at(-1) ?? "", code);
  if (code !== undefined && COMMIT_FAULTS.has(code)) throw failure;
  return failure;
}

/** The pod failed to unpack the context. @param reported the command's last line; "" where it wrote none */
export function unpackFailed(reported: string, code: number | undefined): ClusterError {
  const message = `the pod failed to unpack the context: ${reported === "" ? `exit code ${code}` : reported}`;
  if (!/No space left/.test(reported)) return new ClusterError(message);
  return new NotRetryable(message, {
    suggestions: ["Use --transport pvc with a --volume-size that holds the unpacked context."],
  });
}

/** Returns if the pod may still receive a context, or if it cannot be asked now. @throws ClusterError when it never will */
export async function checkPod({ cluster, pod, signal }: PodSession): Promise<void> {
  let found: V1Pod;
  try {
    found = await cluster.read("pods", pod, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (httpStatusOf(error) === 404) throw gone(pod, "was deleted");
    return;
  }
  if (found.metadata?.deletionTimestamp !== undefined) throw gone(pod, "is being deleted");
  if (found.status?.phase === "Failed") {
    const { reason, message } = found.status;
    throw gone(
      pod,
      `failed${reason === undefined ? "" : ` (${reason})`}${message === undefined ? "" : `: ${message.trim()}`}`,
    );
  }
  const ended = stateOf(found)?.terminated;
  if (ended === undefined) return;
  throw gone(
    pod,
    `no longer receives: ${ended.message?.trim() || `its container ended with exit code ${ended.exitCode}`}`,
  );
}

async function receiverState({ cluster, pod, signal }: PodSession): Promise<V1ContainerState | undefined> {
  try {
    return stateOf(await cluster.read("pods", pod, signal));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function stateOf(pod: V1Pod): V1ContainerState | undefined {
  return pod.status?.initContainerStatuses?.find(({ name }) => name === RECEIVER)?.state;
}

function gone(pod: string, what: string): ClusterError {
  return new ClusterError(`the pod "${pod}" ${what} while the context was being sent to it`, {
    suggestions: [`Look at it: kubectl describe pod ${pod}`, "Build again."],
  });
}
