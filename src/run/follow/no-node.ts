/** A pod that no node takes because none has its architecture: where the user may not list nodes, only the scheduler tells it. */
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { AuthError, ClusterError } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { limitOf } from "../../lib/limits/limits.ts";
import { identityOf } from "../identity.ts";
import { ARCH, NO_NODE_REMEDIES, OS } from "../node-architectures.ts";
import { explainUnschedulable } from "./unschedulable.ts";

/** The scheduler's reasons of nodes that lack the label, or that are closed to the pod whatever they have. */
const LACKS = /^\d+ node\(s\) didn't match Pod's node affinity\/selector/;
const CLOSED = /^\d+ node\(s\) had untolerated taint/;

/** The architecture that no node for this pod has; undefined if something else may be missing. Pure. */
export function missingArchitecture(pod: V1Pod): string | undefined {
  const { [ARCH]: arch, [OS]: _, ...others } = pod.spec?.nodeSelector ?? {};
  // Labels that the user chose may be what nodes lack.
  if (arch === undefined || Object.keys(others).length > 0 || pod.spec?.affinity?.nodeAffinity !== undefined)
    return undefined;
  const [, reasons] = /^0\/\d+ nodes are available: (.*)$/.exec(sentenceOf(pod)) ?? [];
  const each = reasons?.split(/, (?=\d+ node)/) ?? [];
  const isLacking = each.some((reason) => LACKS.test(reason));
  return isLacking && each.every((reason) => LACKS.test(reason) || CLOSED.test(reason)) ? arch : undefined;
}

/** The scheduler's sentence; empty if it has refused nothing. */
function sentenceOf({ status }: V1Pod): string {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.reason === "Unschedulable" ? explainUnschedulable(scheduled.message ?? "").sentence : "";
}

/** Watches a pod that waits for a node. */
export class NodeWatch {
  readonly #cluster: Pick<Cluster, "list" | "watch">;
  readonly #start: (task: Promise<void>) => void;
  readonly #signal: AbortSignal;
  readonly #over = new AbortController();
  #isLooking = false;

  /** @param start is given a task that fails if no node will come */
  constructor(cluster: Pick<Cluster, "list" | "watch">, start: (task: Promise<void>) => void, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#start = start;
    this.#signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** Is called with every change of the pod. */
  see(pod: V1Pod): void {
    if (pod.spec?.nodeName !== undefined) this.stop();
    const missing = missingArchitecture(pod);
    if (missing === undefined || this.#isLooking) return;
    this.#isLooking = true;
    this.#start(watchNoNode(this.#cluster, pod, missing, this.#signal));
  }

  stop(): void {
    this.#over.abort();
  }
}

/**
 * Ends the wait for a node that will not come. A service that adds nodes has some seconds to say that it does.
 * Returns when a node may still come, or when `signal` is aborted. It does nothing for a user who may list nodes: they have been looked at.
 * @throws ClusterError if nothing adds such a node
 */
async function watchNoNode(
  cluster: Pick<Cluster, "list" | "watch">,
  pod: V1Pod,
  arch: string,
  signal: AbortSignal,
): Promise<void> {
  if (await mayListNodes(cluster, signal)) return;
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  try {
    const added = await Promise.race([
      nodeIsAdded(cluster, identityOf(pod).uid, inner),
      passed(limitOf("NO_NODE_MS"), inner),
    ]);
    if (added || signal.aborted) return;
  } finally {
    over.abort();
  }
  throw new ClusterError(`the cluster has no node of linux/${arch} for the build's pod: ${sentenceOf(pod)}`, {
    suggestions: [
      "Build for a platform that the cluster has nodes of: --platform linux/amd64, for example.",
      ...NO_NODE_REMEDIES,
    ],
  });
}

/** Resolves when the time is over. */
function passed(ms: number, signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

async function mayListNodes(cluster: Pick<Cluster, "list">, signal: AbortSignal): Promise<boolean> {
  return cluster.list("nodes", { limit: "1" }, signal).then(
    () => true,
    (error: unknown) => !(error instanceof AuthError),
  );
}

/** Of the cluster autoscaler and of Karpenter. */
const ADDED = new Set(["TriggeredScaleUp", "Nominated"]);
/** The autoscaler has nodes for the pod, and may add one later. */
const LATER = /max node group size reached|in backoff/;

function isAdded({ reason = "", message = "" }: CoreV1Event): boolean {
  return ADDED.has(reason) || (reason === "NotTriggerScaleUp" && LATER.test(message));
}

/** Waits until a service says that it adds a node. For a user who may not read events it says so never. */
async function nodeIsAdded(cluster: Pick<Cluster, "watch">, uid: string, signal: AbortSignal): Promise<boolean> {
  try {
    const selector = { fieldSelector: `involvedObject.kind=Pod,involvedObject.uid=${uid}` };
    for await (const change of cluster.watch("events", selector, signal)) {
      if ((change.type === "listed" ? change.objects : [change.object]).some(isAdded)) return true;
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
  return true;
}
