/** The steps of a build as a view counts them: docker's numbers, their state, and the last lines that each printed. */
import { CANCELED } from "../../lib/text/canceled.ts";
import type { BuildEvent, LogEvent, StepEvent } from "../../events.ts";

/** How many of a step's last lines are kept to be shown again when it fails. */
const KEPT_LINES = 30;

export interface ShownStep {
  /** Counted from 1 in the order in which steps start. */
  readonly number: number;
  readonly name: string;
  /** When it started, in milliseconds since 1970 by the builder's clock. */
  startedAt: number;
  state: "running" | "done" | "cached" | "failed" | "canceled";
  /** Milliseconds that it took, all its runs together. */
  ms: number;
  /** What it does now, as the builder says. */
  status: string;
  /** What it has transferred, by what that is about: `transferring context: 1.2 MB 0.3s`. It stays when the step has ended. */
  readonly transfers: Map<string, string>;
  readonly output: { readonly seconds: string; readonly line: string }[];
}

export class StepBook {
  readonly #steps = new Map<string, ShownStep>();
  /** The step that failed last. */
  failed: ShownStep | undefined;
  /** The Dockerfile's lines around the failure, if the builder printed them. */
  readonly excerpt: string[] = [];

  get steps(): readonly ShownStep[] {
    return [...this.#steps.values()];
  }

  /** The step of an event; undefined if the event belongs to none. */
  of({ step }: { readonly step?: string }): ShownStep | undefined {
    return step === undefined ? undefined : this.#steps.get(step);
  }

  apply(event: StepEvent | LogEvent): void {
    if (event.type === "step-started") return this.#start(event);
    if (event.type === "log" && event.from === "excerpt") this.excerpt.push(event.line);
    const step = this.of(event);
    if (step === undefined) return;
    switch (event.type) {
      case "step-status":
        step.status = event.done && isTransfer(event.id) ? "" : event.text;
        if (event.done && isTransfer(event.id)) step.transfers.set(event.id, event.text.replace(/ done$/, ""));
        return;
      case "step-done":
        step.state = event.cached ? "cached" : "done";
        step.ms = event.ms;
        return;
      case "step-failed":
        step.ms = event.ms;
        step.state = event.error === CANCELED ? "canceled" : "failed";
        // BuildKit cancels the steps beside the one that failed, and says so after its failure.
        if (step.state === "failed") this.failed = step;
        return;
      case "log":
        if (event.from !== undefined) return;
        step.output.push({ seconds: secondsOf(step, event.timestamp), line: event.line });
        if (step.output.length > KEPT_LINES) step.output.shift();
    }
  }

  #start({ step: id, name, timestamp }: Extract<StepEvent, { type: "step-started" }>): void {
    const known = this.#steps.get(id);
    if (known !== undefined) {
      known.state = "running";
      return;
    }
    this.#steps.set(id, {
      number: this.#steps.size + 1,
      name,
      startedAt: Date.parse(timestamp),
      state: "running",
      ms: 0,
      status: "",
      transfers: new Map(),
      output: [],
    });
  }
}

/** BuildKit's own transfers, as of the context, and not the layers of an image. */
function isTransfer(id: string): boolean {
  return id.endsWith(":");
}

/** Seconds since the step's start with three digits, as docker prints them before a line. */
export function secondsOf({ startedAt }: Pick<ShownStep, "startedAt">, timestamp: string): string {
  const ms = Date.parse(timestamp) - startedAt;
  return (Math.max(0, Number.isNaN(ms) ? 0 : ms) / 1000).toFixed(3);
}

export function isOfStep(event: Pick<BuildEvent, "type">): event is StepEvent | LogEvent {
  return event.type === "log" || event.type.startsWith("step-");
}

/** Whether a line of the log is shown at the end of a failed build, and not before. */
export function isShownLater(event: StepEvent | LogEvent): boolean {
  return event.type === "log" && (event.from === "repeat" || event.from === "excerpt");
}

/** The last output of the step that failed, between rules, as docker shows it above the error. */
export function failedOutput({ failed }: StepBook): string[] {
  if (failed === undefined || failed.output.length === 0) return [];
  const rule = "-".repeat(6);
  return [rule, ` > ${failed.name}:`, ...failed.output.map(({ seconds, line }) => `${seconds} ${line}`), rule];
}
