/** Reports a build's progress as stages with a start, an end and a duration. */
import type { PodState } from "./follow/pod-state.ts";
import { explainUnschedulable } from "./follow/unschedulable.ts";
import type { Emit, Stage, StageTimer } from "../events.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export class Stages implements StageTimer {
  readonly #emit: Emit;
  readonly #started = new Map<Stage, number>();
  #waiting = "";

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  start(stage: Stage, detail?: string): void {
    if (this.#started.has(stage)) return;
    this.#started.set(stage, performance.now());
    this.#emit({ type: "stage-started", stage, ...omitUndefined({ detail }) });
  }

  done(stage: Stage, detail?: string, bytes?: number): void {
    const ms = this.#end(stage);
    if (ms === undefined) return;
    this.#emit({
      type: "stage-done",
      stage,
      ms,
      ...omitUndefined({ detail, bytes }),
    });
  }

  /** Every stage that has started and not ended has failed. */
  fail(): void {
    for (const stage of this.#started.keys()) {
      const ms = this.#end(stage);
      if (ms !== undefined) this.#emit({ type: "stage-failed", stage, ms });
    }
  }

  /** Starts and ends stages by the pod's state. */
  observe(state: PodState): void {
    if (state.kind === "unscheduled" && state.message !== "")
      this.#wait(`waiting for a node: ${explainUnschedulable(state.message).sentence}`);
    if (state.kind === "starting") this.#wait(`starting the pod on node ${state.node}`);
    if (state.kind === "receiving") this.done("schedule");
    if (state.kind === "building" || state.kind === "ended") {
      this.done("schedule");
      this.start("build");
    }
    if (state.kind === "building" && state.silent !== undefined)
      this.#wait(`${state.silent} does not answer: waiting until it does, or until the cluster gives it up`);
  }

  #wait(message: string): void {
    if (message === this.#waiting) return;
    this.#waiting = message;
    this.#emit({ type: "waiting", message });
  }

  #end(stage: Stage): number | undefined {
    const started = this.#started.get(stage);
    if (started === undefined || Number.isNaN(started)) return undefined;
    this.#started.set(stage, Number.NaN);
    return Math.round(performance.now() - started);
  }
}
