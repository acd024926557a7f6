/** Runs a trial pod, removes all of it, and tells how far it came. */
import type { ContainerEnd } from "../../builders/builder.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError } from "../../errors.ts";
import { followBuild } from "../../run/follow/follow.ts";
import { isPullFailure } from "../../run/follow/pod-failure.ts";
import type { PodState } from "../../run/follow/pod-state.ts";
import { removeBuild } from "../../run/remove.ts";
import { releasePod, startBuild } from "../../run/start.ts";
import { RELEASE, TRIAL_RECEIVER, TRIAL_SECONDS } from "./trial-pod.ts";
import type { Trial } from "./trial-pod.ts";

/** The steps of a pod's life, in order: each is a check of its own. */
export const STEPS = ["admitted", "scheduled", "receiving", "ended"] as const;
export type Step = (typeof STEPS)[number];

export interface TrialReport {
  readonly reached: ReadonlySet<Step>;
  readonly node: string;
  readonly end?: ContainerEnd;
  /** Why it came no further. */
  readonly error?: unknown;
  /** It came no further because the node has no image for it. */
  readonly withoutImage?: boolean;
}

/** How long, in milliseconds, the pod may take to each step before it counts as not coming: what waits for long will not do for a build. */
const PATIENCE: Readonly<Record<Step, number>> = {
  admitted: 10_000,
  scheduled: 20_000,
  receiving: 60_000,
  ended: 90_000,
};

/**
 * @param onReceiving what to ask from within the pod
 * @param say what is being waited for
 */
export async function runTrial(
  cluster: Cluster,
  trial: Trial,
  onReceiving: (pod: string, signal: AbortSignal) => Promise<void>,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<TrialReport> {
  const reached = new Set<Step>();
  const seen = { node: "", waiting: "", withoutImage: false };
  const patience = new Patience(() => seen.waiting);
  const inner = AbortSignal.any([signal, patience.signal]);
  const reach = (...steps: readonly Step[]): void => {
    for (const step of steps) reached.add(step);
    patience.expect(STEPS.find((step) => !reached.has(step)) ?? "ended");
  };
  const observe = (state: PodState): void => {
    if (state.kind === "starting") seen.node = state.node;
    if (state.kind === "failed") seen.withoutImage = isPullFailure(state.failure);
    if (state.kind === "unscheduled" && state.message !== "") seen.waiting = `no node takes the pod: ${state.message}`;
    if (state.kind !== "gated" && state.kind !== "unscheduled" && state.kind !== "failed") reach("scheduled");
    if (state.kind === "receiving") reach("receiving");
    if (state.kind === "building" || state.kind === "ended") reach("receiving", "ended");
  };
  try {
    patience.expect("admitted");
    const started = await startBuild(cluster, trial.objects, inner);
    const end = await followBuild(
      cluster,
      {
        job: trial.name,
        containers: { receiver: TRIAL_RECEIVER, builder: trial.container },
        timeoutSeconds: TRIAL_SECONDS,
        formatLogLine: (line) => line,
        onPod: async (pod) => {
          reach("admitted");
          await started.complete;
          if (started.gated) await releasePod(cluster, pod, inner);
        },
        onReceiving: async (pod) => {
          await onReceiving(pod, inner);
          await cluster.exec(pod, TRIAL_RECEIVER, RELEASE, {}, inner);
        },
        onState: observe,
      },
      (event) => {
        if (event.type !== "waiting") return;
        seen.waiting = event.message;
        say(event.message);
      },
      inner,
    );
    return { reached, node: seen.node, end };
  } catch (error) {
    signal.throwIfAborted();
    const { node, withoutImage } = seen;
    return { reached, node, error: patience.signal.aborted ? patience.signal.reason : error, withoutImage };
  } finally {
    patience.stop();
    await removeBuild(cluster, trial.objects).catch(() => {});
  }
}

/** Ends the trial when a step does not come. */
class Patience {
  readonly #controller = new AbortController();
  readonly #why: () => string;
  #timer: NodeJS.Timeout | undefined;
  #step: Step | undefined;

  constructor(why: () => string) {
    this.#why = why;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  expect(step: Step): void {
    if (step === this.#step) return;
    this.#step = step;
    clearTimeout(this.#timer);
    const seconds = PATIENCE[step] / 1000;
    this.#timer = setTimeout(() => {
      const why = this.#why();
      this.#controller.abort(
        new ClusterError(why === "" ? `the trial pod was not ${step} within ${seconds} seconds` : why, {
          suggestions: ["Look at what the namespace's events say: kubectl get events --sort-by=.lastTimestamp"],
        }),
      );
    }, PATIENCE[step]);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
