/** The context among the steps of a build. */
import type { BuildEvent, LogEvent, Stage, StepEvent, StepStatus } from "../../events.ts";
import { formatBytes } from "../../lib/text/measures.ts";
import { Upload } from "./upload.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** As BuildKit names the transfer of a context. */
const NAME = "[internal] load build context";
const STEP = "context";
/** The same in the builds of several platforms. */
const SAME = /^\[(?:\S+ )?internal\] load build context$/;

type ContextStage = Extract<Stage, "pack" | "ship">;

/** The stages that are shown as stages. */
export type ShownStage = Exclude<Stage, ContextStage>;

type StageEvent = Extract<BuildEvent, { type: "stage-started" | "stage-done" | "stage-failed" }>;

/** An event for a view: about any stage but those of the context. */
export type ShownEvent =
  | Exclude<BuildEvent, StageEvent | { type: "upload" | "upload-size" }>
  | (StageEvent & { readonly stage: ShownStage });

/**
 * The packing of the context and its transfer into the pod, told as one step in place of two stages. The step runs again if the transfer starts
 * after the packing has ended, as a step of BuildKit does. It also runs again when a BuildKit in the pod reads the context there: BuildKit has
 * a step of the same name for that.
 */
export class ContextStep {
  readonly #now: () => number;
  readonly #clock: () => Date;
  readonly #running = new Set<ContextStage>();
  /** The builder's steps of the same name, and those of them that run. */
  readonly #same = new Set<string>();
  readonly #reading = new Set<string>();
  #isTold = false;
  #upload = new Upload();
  /** Bytes to send, as far as is known. */
  #total: number | undefined;
  #since = 0;
  /** Milliseconds of the runs that have ended. */
  #ms = 0;

  /** @param now in milliseconds, for durations */
  constructor(now: () => number, clock: () => Date = () => new Date()) {
    this.#now = now;
    this.#clock = clock;
  }

  /** @returns what to show in place of the event: the event itself, if it is not about the context */
  translate(event: BuildEvent): readonly ShownEvent[] {
    switch (event.type) {
      case "stage-started":
        return isOfContext(event.stage) ? this.#start(event.stage) : [{ ...event, stage: event.stage }];
      case "stage-done":
        if (!isOfContext(event.stage)) return [{ ...event, stage: event.stage }];
        return [...this.#start(event.stage, event.ms), this.#doneStatus(event), ...this.#end(event.stage)];
      case "stage-failed":
        return isOfContext(event.stage) ? this.#fail(event.stage) : [{ ...event, stage: event.stage }];
      case "step-started":
      case "step-status":
      case "step-done":
      case "step-failed":
      case "log":
        return this.#ofBuilder(event);
      case "upload":
        return this.#running.has("ship") ? [this.#uploaded(event.sent)] : [];
      case "upload-size":
        this.#total = event.bytes;
        return [];
      default:
        return [event];
    }
  }

  /** What the builder tells about its own step of the same name. That step's transfer is only a copy within the pod. */
  #ofBuilder(event: StepEvent | LogEvent): ShownEvent[] {
    const { step } = event;
    if (event.type === "step-started" && this.#isTold && SAME.test(event.name)) this.#same.add(event.step);
    if (step === undefined || !this.#same.has(step)) return [event];
    const isFirst = this.#reading.size === 0;
    switch (event.type) {
      case "step-started":
        this.#reading.add(event.step);
        return isFirst && this.#running.size === 0 ? [{ ...event, step: STEP, name: NAME }] : [];
      case "step-status":
        return [];
      case "log":
        return [{ ...event, step: STEP }];
      case "step-done":
      case "step-failed":
        if (!this.#reading.delete(event.step) || this.#reading.size + this.#running.size > 0) return [];
        this.#ms += event.ms;
        return [{ ...event, step: STEP, ms: this.#ms, ...(event.type === "step-done" ? { cached: false } : {}) }];
    }
  }

  /** @param ms how long the stage has been running */
  #start(stage: ContextStage, ms = 0): ShownEvent[] {
    const wasRunning = this.#running.size > 0;
    if (!this.#running.has("ship") && stage === "ship") this.#upload = new Upload();
    this.#running.add(stage);
    this.#isTold = true;
    if (wasRunning) return [];
    this.#since = this.#now() - ms;
    if (this.#reading.size > 0) return [];
    return [{ type: "step-started", step: STEP, name: NAME, timestamp: this.#timestamp }];
  }

  #uploaded(sent: number): StepStatus {
    const now = this.#now();
    this.#upload.advance(sent, now);
    this.#upload.expect(this.#total);
    const text = `transferring context: ${this.#upload.facts(now).join(", ")}`;
    const sizes = { current: sent, ...omitUndefined({ total: this.#total }) };
    return this.#status({ id: "transferring context:", text, ...sizes, done: false });
  }

  #doneStatus({ stage, detail, bytes, ms }: Extract<BuildEvent, { type: "stage-done" }>): StepStatus {
    const id = stage === "pack" ? "packing context:" : "transferring context:";
    const result = detail ?? (bytes === undefined ? undefined : formatBytes(bytes));
    const words = [id, ...(result === undefined ? [] : [result]), `${(ms / 1000).toFixed(1)}s`, "done"];
    return this.#status({ id, text: words.join(" "), ...omitUndefined({ current: bytes }), done: true });
  }

  #end(stage: ContextStage): ShownEvent[] {
    this.#running.delete(stage);
    if (this.#running.size > 0 || this.#reading.size > 0) return [];
    return [{ type: "step-done", step: STEP, cached: false, ms: this.#elapsed(), timestamp: this.#timestamp }];
  }

  /** The stages of a build fail together: the first one ends the step. */
  #fail(stage: ContextStage): ShownEvent[] {
    if (!this.#running.has(stage)) return [];
    this.#running.clear();
    const error = "the context was not sent";
    return [{ type: "step-failed", step: STEP, error, ms: this.#elapsed(), timestamp: this.#timestamp }];
  }

  #elapsed(): number {
    this.#ms += Math.max(0, Math.round(this.#now() - this.#since));
    return this.#ms;
  }

  #status(status: Omit<StepStatus, "type" | "step" | "timestamp">): StepStatus {
    return { type: "step-status", step: STEP, ...status, timestamp: this.#timestamp };
  }

  get #timestamp(): string {
    return this.#clock().toISOString();
  }
}

function isOfContext(stage: Stage): stage is ContextStage {
  return stage === "pack" || stage === "ship";
}
