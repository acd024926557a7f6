/** Runs a trial pod, reports how far it got, and removes all of it. */
import type { ContainerEnd } from "../../builders/builder.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { RECEIVER } from "../../plan/layout.ts";
import { ClusterError } from "../../errors.ts";
import { followBuild } from "../../run/follow/follow.ts";
import { isPullFailure } from "../../run/follow/pod-failure.ts";
import type { PodState } from "../../run/follow/pod-state.ts";
import { identityOf } from "../../run/identity.ts";
import { removeStarted } from "../../run/remove.ts";
import { releasePod, startBuild } from "../../run/start.ts";
import type { StartedBuild } from "../../run/start.ts";
import { RELEASE, TRIAL_SECONDS } from "./trial-pod.ts";
import type { Trial } from "./trial-pod.ts";

/** The steps of a pod's life, in order: each is one check. */
export const STEPS = ["admitted", "scheduled", "receiving", "ended"] as const;
export type Step = (typeof STEPS)[number];

export interface TrialReport {
  readonly reached: ReadonlySet<Step>;
  readonly node: string;
  readonly end?: ContainerEnd;
  /** Why it got no further. */
  readonly error?: unknown;
  /** It got no further because the node could not get an image for it. */
  readonly withoutImage?: boolean;
}

/** How long the pod may take for each step. A pod that takes longer would also delay every build. */
const STEP_TIMEOUT_MS: Readonly<Record<Step, number>> = {
  admitted: 10_000,
  scheduled: 20_000,
  receiving: 60_000,
  ended: 90_000,
};

/**
 * @param onReceiving makes requests from the pod while it runs
 * @param say gets a sentence about each wait
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
  const timeout = new StepTimeout(() => seen.waiting);
  const inner = AbortSignal.any([signal, timeout.signal]);
  const reach = (...steps: readonly Step[]): void => {
    for (const step of steps) reached.add(step);
    timeout.expect(STEPS.find((step) => !reached.has(step)) ?? "ended");
  };
  const observe = (state: PodState): void => {
    if (state.kind === "starting") seen.node = state.node;
    if (state.kind === "failed") seen.withoutImage = isPullFailure(state.failure);
    if (state.kind === "unscheduled" && state.message !== "") seen.waiting = `no node takes the pod: ${state.message}`;
    if (state.kind !== "gated" && state.kind !== "unscheduled" && state.kind !== "failed") reach("scheduled");
    if (state.kind === "receiving") reach("receiving");
    if (state.kind === "building" || state.kind === "ended") reach("receiving", "ended");
  };
  let started: StartedBuild | undefined;
  try {
    timeout.expect("admitted");
    const { complete, gated, job } = (started = await startBuild(cluster, trial.objects, inner));
    const end = await followBuild(
      cluster,
      {
        job: identityOf(job),
        containers: { receiver: RECEIVER, builder: trial.container },
        timeoutSeconds: TRIAL_SECONDS,
        asked: trial.objects.job.spec?.template.spec,
        formatLogLine: (line) => line,
        onPod: async (pod) => {
          reach("admitted");
          await complete;
          if (gated) await releasePod(cluster, pod, inner);
        },
        onReceiving: async (pod) => {
          await onReceiving(pod, inner);
          await cluster.exec(pod, RECEIVER, RELEASE, {}, inner);
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
    return { reached, node, error: timeout.signal.aborted ? timeout.signal.reason : error, withoutImage };
  } finally {
    timeout.stop();
    await removeStarted(cluster, trial.name, started).catch(() => {});
  }
}

/** Ends the trial when a step takes too long. */
class StepTimeout {
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
    const seconds = STEP_TIMEOUT_MS[step] / 1000;
    this.#timer = setTimeout(() => {
      const why = this.#why();
      this.#controller.abort(
        new ClusterError(why === "" ? `the trial pod was not ${step} within ${seconds} seconds` : why, {
          suggestions: ["See the namespace's events: kubectl get events --sort-by=.lastTimestamp"],
        }),
      );
    }, STEP_TIMEOUT_MS[step]);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
