/** The end of an upload: carried out once, and known to be, also when the connection is lost just then. */
import { setTimeout as pause } from "node:timers/promises";
import type { V1ContainerState, V1Pod } from "@kubernetes/client-node";
import type { ApiRefusal, Cluster } from "../lib/kube/cluster.ts";
import { ClusterError } from "../errors.ts";
import { COMMIT_FAULTS } from "./receiver.ts";
import { RECEIVER } from "../plan/layout.ts";

/** How often a commit is tried while its outcome is not known, and how long in between, in milliseconds. */
const COMMITS = 5;
const COMMIT_PAUSE = 1000;

/** No further attempt can end otherwise. */
export class Unmendable extends ClusterError {}

/**
 * Runs the commit command until it is known whether it was carried out: by its exit code, or else by the pod, whose receiver
 * ends well when it was and at no other time.
 * @throws ClusterError when something else arrived than was sent, or the outcome cannot be learned.
 */
export async function commit(
  cluster: Cluster,
  pod: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const doubt = await runOnce(cluster, pod, command, signal);
    if (doubt === undefined) return;
    // The receiver may have ended before the command that let it end.
    const state = await receiverState(cluster, pod, signal);
    if (state?.terminated?.exitCode === 0) return;
    if (state?.terminated !== undefined || attempt === COMMITS) throw doubt;
    await pause(COMMIT_PAUSE, undefined, { signal });
  }
}

/** Undefined when it was carried out, else why it is not known to be. @throws ClusterError when it is known not to be. */
async function runOnce(
  cluster: Cluster,
  pod: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Error | undefined> {
  let said = "";
  let code: number | undefined;
  try {
    const stderr = (chunk: Uint8Array): void => void (said += Buffer.from(chunk).toString());
    ({ exitCode: code } = await cluster.exec(pod, RECEIVER, command, { stderr }, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClusterError) return error;
    throw error;
  }
  if (code === 0) return undefined;
  const failure = unaccepted(said.trim().split("\n").at(-1) ?? "", code);
  if (code !== undefined && COMMIT_FAULTS.has(code)) throw failure;
  return failure;
}

/** The pod could not take the context in, in its own words. */
export function unaccepted(said: string, code: number | undefined): ClusterError {
  const message = `the pod could not take the context in: ${said === "" ? `exit code ${code}` : said}`;
  if (!/No space left/.test(said)) return new ClusterError(message);
  return new Unmendable(message, {
    suggestions: ["Use --transport pvc with a --volume-size that holds the unpacked context."],
  });
}

/** Why the pod will never take a context in; undefined when it may, or when that cannot be asked now. */
export async function whyGone(cluster: Cluster, pod: string, signal: AbortSignal): Promise<ClusterError | undefined> {
  let found: V1Pod;
  try {
    found = await cluster.read("pods", pod, signal);
  } catch (error) {
    signal.throwIfAborted();
    return isNotFound(error) ? gone(pod, "was deleted") : undefined;
  }
  if (found.metadata?.deletionTimestamp !== undefined) return gone(pod, "is being deleted");
  if (found.status?.phase === "Failed") {
    const { reason, message } = found.status;
    return gone(
      pod,
      `failed${reason === undefined ? "" : ` (${reason})`}${message === undefined ? "" : `: ${message.trim()}`}`,
    );
  }
  const ended = stateOf(found)?.terminated;
  if (ended === undefined) return undefined;
  return gone(
    pod,
    `no longer receives: ${ended.message?.trim() || `its container ended with exit code ${ended.exitCode}`}`,
  );
}

async function receiverState(
  cluster: Cluster,
  pod: string,
  signal: AbortSignal,
): Promise<V1ContainerState | undefined> {
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

function isNotFound(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return cause?.code === 404;
}
