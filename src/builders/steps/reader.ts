/** How a builder's log becomes steps. A reader is fed line by line, touches nothing, and keeps every line. */
import { CANCELED } from "../../lib/text/canceled.ts";
import type { LogEvent, StepEvent, StepStatus } from "../../events.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** What a line of a log becomes. The one who follows the log knows which container it is of. */
export type StepLine = StepEvent | Omit<LogEvent, "container">;

export interface StepReader {
  /**
   * @param raw the line as the builder wrote it
   * @param timestamp when it was written, as RFC 3339
   * @returns at least one event: the line itself, or the step events that tell the same
   */
  read(raw: string, timestamp: string): readonly StepLine[];
  /**
   * The log has ended.
   * @param error why the build failed; CANCELED: it was stopped; absent: it succeeded
   * @param instruction the one that failed, as its PlannedStep has it; absent: the one that ran last
   * @returns the ends of the steps that were still running
   */
  end(error?: string, instruction?: string): readonly StepLine[];
}

/** Collects the events of one line, and knows which steps are running since when. */
export class StepWriter {
  readonly #running = new Map<string, number>();
  readonly #background = new Set<string>();
  #events: StepLine[] = [];
  #timestamp = "";

  /** The events since the last call. */
  take(): StepLine[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The time of what follows, as RFC 3339. */
  at(timestamp: string): this {
    this.#timestamp = timestamp;
    return this;
  }

  isRunning(step: string): boolean {
    return this.#running.has(step);
  }

  /** @param background it runs beside all others */
  start(step: string, name: string, background = false): void {
    this.#running.set(step, Date.parse(this.#timestamp));
    if (background) this.#background.add(step);
    const started = { type: "step-started", step, name, timestamp: this.#timestamp } as const;
    this.#events.push(background ? { ...started, background } : started);
  }

  /** @param ms how long it took, if the builder says so itself */
  done(step: string, cached = false, ms = this.#elapsed(step)): void {
    if (!this.#running.delete(step)) return;
    this.#events.push({ type: "step-done", step, cached, ms, timestamp: this.#timestamp });
  }

  fail(step: string, error: string): void {
    const ms = this.#elapsed(step);
    if (!this.#running.delete(step)) return;
    this.#events.push({ type: "step-failed", step, error, ms, timestamp: this.#timestamp });
  }

  status(step: string, status: Omit<StepStatus, "type" | "step" | "timestamp">): void {
    this.#events.push({ type: "step-status", step, ...status, timestamp: this.#timestamp });
  }

  log(line: string, step?: string, from: LogEvent["from"] = "output"): void {
    this.#events.push({
      type: "log",
      line,
      timestamp: this.#timestamp,
      ...omitUndefined({ step }),
      ...(from === "output" ? {} : { from }),
    });
  }

  /**
   * Ends every running step, the one that started first last.
   * @param failing the step that the error belongs to; the others only stand around it
   */
  end(error: string | undefined, failing: string | undefined): StepLine[] {
    for (const step of [...this.#running.keys()].toReversed()) {
      const isStopped = error === CANCELED && !this.#background.has(step);
      if (isStopped || (error !== undefined && error !== CANCELED && step === failing)) this.fail(step, error);
      else this.done(step);
    }
    return this.take();
  }

  #elapsed(step: string): number {
    const ms = Date.parse(this.#timestamp) - (this.#running.get(step) ?? Number.NaN);
    return Number.isNaN(ms) ? 0 : Math.max(0, ms);
  }
}
