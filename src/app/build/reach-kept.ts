/** The way to a kept builder: one of this user's that is there, or a new one. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { ClusterError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import type { Daemon } from "../../lib/buildkit/control.ts";
import { ConnectionLost } from "../../lib/buildkit/grpc.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { identityOf } from "../../run/identity.ts";
import { waitingMessage } from "../../run/follow/unschedulable.ts";
import type { Waited } from "../../run/follow/unschedulable.ts";
import { awaitPod } from "../../run/keep/await-pod.ts";
import { ANSWER_TIMEOUT_MS, DialledAhead, NoAnswer, START_TIMEOUT_MS, dial } from "../../run/keep/dial.ts";
import type { Dialled } from "../../run/keep/dial.ts";
import type { KeepKey } from "../../run/keep/keep-key.ts";
import {
  KEEP_ANNOTATION,
  KeepLease,
  buildsUnderWay,
  findKept,
  instanceOf,
  keptObjects,
  runningSince,
} from "../../run/keep/kept-builder.ts";
import type { KeptBuilder } from "../../run/keep/kept-builder.ts";
import { PodHint } from "../../run/keep/pod-hint.ts";
import type { Stages } from "../../run/stages.ts";
import type { InTurn, Sharing } from "./sharing.ts";
import { decideByNodes } from "../../run/node-decisions.ts";
import { releasePod, startBuild } from "../../run/start.ts";

/** How often another builder is tried, where one was just ending. */
const ATTEMPTS = 3;

export interface ReachDeps {
  readonly cluster: Cluster;
  readonly emit: Emit;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For how long the builder stays after this build, in seconds. */
  readonly keepSeconds: number;
  /** With the other builds of the same command. */
  readonly sharing?: Sharing;
}

export interface Reached {
  readonly builder: KeptBuilder;
  readonly lease: KeepLease;
  /** Settles when the cluster has taken note that it is wanted. */
  readonly leased: Promise<void>;
  readonly daemon: Daemon;
  /** Called when the build is done with the daemon. */
  readonly release: () => void;
}

/** The pod of the last build, dialled before anything is known of it. */
export interface EarlyDial {
  /** Of the plan. */
  readonly instance: string;
  readonly hint: PodHint;
  /** Undefined where no pod is known, and where another build of the same command has connected already. */
  readonly ahead: DialledAhead | undefined;
}

/** Begins to dial the pod of the last build with this plan. */
export async function dialEarly(
  plan: BuildPlan,
  deps: ReachDeps,
  key: KeepKey,
  signal: AbortSignal,
): Promise<EarlyDial> {
  const instance = instanceOf(plan);
  const hint = new PodHint(deps.env, [deps.cluster.server, deps.cluster.namespace, instance, key.fingerprint]);
  return { instance, hint, ahead: await dialAhead(deps, hint, key, signal) };
}

/** A builder of ours that answers, started where there is none. */
export async function reachKept(
  plan: BuildPlan,
  early: EarlyDial,
  deps: ReachDeps,
  key: KeepKey,
  stages: Stages,
  signal: AbortSignal,
): Promise<Reached> {
  const { instance } = early;
  const { sharing } = deps;
  const inTurn: InTurn = sharing?.inTurn ?? ((work) => work());
  /** The uids of the Jobs of builders that did not answer. */
  const unusable = new Set<string>();
  const findUsable = async (): Promise<KeptBuilder[]> => {
    const found = await findKept(deps.cluster, key, instance, signal);
    return found.filter(({ job }) => !unusable.has(identityOf(job).uid));
  };
  for (let count = 1; ; count++) {
    stages.start("create");
    const ahead = count === 1 ? early.ahead : undefined;
    const { builder, lease, leased, isNew } = await inTurn(async () => {
      const [found] = count === ATTEMPTS ? [] : await findUsable();
      // Before anything else is waited for: a pod that is ending may let a client that dials it wait.
      if (found?.pod?.metadata?.name !== ahead?.address.pod) ahead?.drop();
      if (found !== undefined) return lend(found, false, deps, key, signal);
      const made = await lend(await start(plan, deps, key, stages, signal), true, deps, key, signal);
      return count === ATTEMPTS ? made : await joinFirst(made, deps, key, findUsable, signal);
    });
    try {
      const pod = await awaitStarted(deps, builder, isNew, stages, signal);
      const name = pod.metadata?.name ?? "";
      const { name: job, uid } = identityOf(builder.job);
      // One that was just started, by any build, has no port before a client has dialled it by command.
      const isStarting = isNew || pod !== builder.pod;
      const known = ahead?.address.job === uid ? ahead.address.way : "port";
      const address = { pod: name, job: uid, way: isStarting ? ("command" as const) : known };
      const since = runningSince(pod);
      const isSettled = since !== undefined && deps.cluster.now() - since > START_TIMEOUT_MS;
      const timeoutMs = isSettled ? ANSWER_TIMEOUT_MS : START_TIMEOUT_MS;
      const open = async (until: AbortSignal): Promise<Dialled> => {
        const dialled = await dial(deps.cluster, address, key, ahead, timeoutMs, until);
        return isStarting ? { ...dialled, way: "port" } : dialled;
      };
      const { daemon, way } = await (sharing === undefined
        ? open(signal)
        : orAborted(sharing.daemon(pod.metadata?.uid ?? name, open), signal));
      const release = (): void => {
        if (sharing === undefined) daemon.close();
      };
      stages.done("create", isNew ? job : `found ${job}`);
      early.hint.write({ ...address, way });
      return { builder: { ...builder, pod }, lease, leased, daemon, release };
    } catch (error) {
      lease[Symbol.dispose]();
      if (signal.aborted) throw signal.reason;
      // Without this, the next build would wait for it as well. Builds of others may still end well.
      const isUseless = error instanceof NoAnswer && buildsUnderWay(builder.job, deps.cluster.now()) === 0;
      if (isNew || isUseless) await removeBuilder(deps.cluster, builder.job);
      // It has just ended, or is about to: the next one is another.
      const passing = httpStatusOf(error) === 404 || error instanceof ConnectionLost || error instanceof ClusterError;
      if (isNew || !passing || count >= ATTEMPTS) throw error;
      unusable.add(identityOf(builder.job).uid);
      if (error instanceof ClusterError && httpStatusOf(error) !== 404)
        deps.emit({ type: "note", message: `another builder is used: ${error.message}` });
    }
  }
}

/** Aborting one build does not end what others wait for as well. @throws the signal's reason */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

type Lent = Pick<Reached, "builder" | "lease" | "leased"> & { readonly isNew: boolean };

/**
 * Clients that start at once each find no builder and make one. All but the first of these are given up again: the one that was
 * signed first, as a client only sees those that are signed.
 */
async function joinFirst(
  made: Lent,
  deps: ReachDeps,
  key: KeepKey,
  findUsable: () => Promise<KeptBuilder[]>,
  signal: AbortSignal,
): Promise<Lent> {
  const first = (await findUsable()).toSorted((a, b) => (orderOf(a.job) < orderOf(b.job) ? -1 : 1))[0];
  if (first === undefined || first.job.metadata?.uid === made.builder.job.metadata?.uid) return made;
  made.lease[Symbol.dispose]();
  await removeBuilder(deps.cluster, made.builder.job);
  return lend(first, false, deps, key, signal);
}

/** When it was signed; of two at the same time the uids decide, so that all clients decide alike. */
function orderOf({ metadata }: V1Job): string {
  return `${metadata?.annotations?.[KEEP_ANNOTATION.lastUsed] ?? ""} ${metadata?.uid ?? ""}`;
}

/** Puts the builder's end off, now and for as long as the build lasts. */
async function lend(
  builder: KeptBuilder,
  isNew: boolean,
  deps: ReachDeps,
  key: KeepKey,
  signal: AbortSignal,
): Promise<Lent> {
  const lease = new KeepLease(deps.cluster, builder.job, deps.keepSeconds, key);
  const leased = lease.begin(signal);
  leased.catch(() => {});
  // Its signature is what another build knows a new one by, so that is written first.
  if (isNew) {
    try {
      await leased;
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
  }
  return { builder, lease, leased, isNew };
}

async function dialAhead(
  { cluster, sharing }: ReachDeps,
  hint: PodHint,
  key: KeepKey,
  signal: AbortSignal,
): Promise<DialledAhead | undefined> {
  const address = await hint.read();
  if (address === undefined || sharing?.hasDaemon === true) return undefined;
  return sharing === undefined
    ? new DialledAhead(cluster, address, key, signal)
    : sharing.ahead(address.pod, (until) => new DialledAhead(cluster, address, key, until));
}

/** How long removing a builder that did not start may take, in milliseconds. The rest is left to its deadline. */
const REMOVE_TIMEOUT_MS = 5000;

/** The builder's pod, once its container runs. A new one that does not start is removed: the next build would wait for it in vain. */
async function awaitStarted(
  deps: ReachDeps,
  builder: KeptBuilder,
  isNew: boolean,
  stages: Stages,
  signal: AbortSignal,
): Promise<V1Pod> {
  try {
    return await awaitPod(deps.cluster, builder, { stages, onWaiting: waiting(deps.emit) }, signal);
  } catch (error) {
    if (isNew && !signal.aborted) await removeBuilder(deps.cluster, builder.job);
    throw error;
  }
}

/** Tells each reason once: the cluster repeats it. */
function waiting(emit: Emit): (waited: Waited) => void {
  let last = "";
  return (waited) => {
    const message = waitingMessage(waited);
    if (message !== last) emit({ type: "waiting", message });
    last = message;
  };
}

async function removeBuilder(cluster: Cluster, job: V1Job): Promise<void> {
  await cluster.remove("jobs", identityOf(job), AbortSignal.timeout(REMOVE_TIMEOUT_MS)).catch(() => {});
}

async function start(
  plan: BuildPlan,
  deps: ReachDeps,
  key: KeepKey,
  stages: Stages,
  signal: AbortSignal,
): Promise<KeptBuilder> {
  const { plan: placed, note } = await decideByNodes(plan, deps.cluster, signal);
  if (note !== undefined) deps.emit({ type: "note", message: note });
  const objects = keptObjects(plan, key.fingerprint, placed);
  for (const field of objects.unsafe ?? []) {
    deps.emit({
      type: "warning",
      message: `the pod template lets the kept builder do more than an unprivileged pod may: ${field}`,
    });
  }
  const started = await startBuild(deps.cluster, objects, signal);
  const builder = { job: started.job, pod: undefined };
  if (!started.gated) return builder;
  const reports = { stages, onWaiting: waiting(deps.emit) };
  try {
    const [pod] = await Promise.all([awaitPod(deps.cluster, builder, reports, signal, "made"), started.complete]);
    await releasePod(deps.cluster, identityOf(pod), signal);
    return builder;
  } catch (error) {
    await removeBuilder(deps.cluster, started.job);
    throw error;
  }
}
