/**
 * Turns the messages of a solve's Status call into lines like those of `buildctl --progress=plain` (buildkit
 * util/progress/progressui). Pure.
 */
import { millisecondsOf } from "./messages.ts";
import type { StatusResponse } from "./messages.ts";

/** The current state of one step. */
export interface Step {
  /** Counted from 1 in the order in which steps start. */
  readonly number: number;
  readonly digest: string;
  readonly name: string;
  readonly cached: boolean;
  /** Empty if the step has not failed. */
  readonly error: string;
  /** Milliseconds that all its runs took together. A step may start and complete several times. */
  readonly ms: number;
  readonly completed: boolean;
  /** Digests of the steps that it builds on. */
  readonly inputs: readonly string[];
}

/** A warning about the Dockerfile. `docker build` lists them at the end. */
export interface StepWarning {
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  readonly filename: string;
  /** Line in the file, counted from 1; undefined if the daemon reports no line. */
  readonly line: number | undefined;
}

/**
 * Milliseconds after which a completion counts as the last one. An internal step may start again within a few milliseconds, and
 * a cached step is reported as cached up to 20 ms after it has started.
 */
export const SETTLE_MS = 150;

interface Mutable {
  number: number;
  digest: string;
  name: string;
  cached: boolean;
  error: string;
  inputs: readonly string[];
  /** When the current run started, in milliseconds since 1970; undefined while the step does not run. */
  startedAt: number | undefined;
  completedAt: number | undefined;
  ms: number;
  /** When the first run started. Times in the step's log count from here. */
  firstStart: number;
  /** Whether `settle` has returned the end of the step. */
  reported: boolean;
  /** The part of its log after the last line feed. */
  rest: Buffer;
}

/** Collects the progress of one solve. */
export class Progress {
  readonly #steps = new Map<string, Mutable>();
  readonly #statuses = new Map<string, string>();
  readonly warnings: StepWarning[] = [];
  #count = 0;

  /** The steps that have started, in the order in which they started. */
  get steps(): Step[] {
    return [...this.#steps.values()]
      .filter(({ number }) => number > 0)
      .sort((a, b) => a.number - b.number)
      .map((step) => ({ ...step, completed: step.completedAt !== undefined && step.startedAt === undefined }));
  }

  /** The error of the step that failed; undefined if none has. */
  get failure(): string | undefined {
    return [...this.#steps.values()].map(({ error }) => error).find((error) => error !== "" && error !== CANCELLED);
  }

  /** Adds a message. @returns the new lines, without line feeds */
  add({ vertexes, statuses, logs, warnings }: StatusResponse): string[] {
    const lines: string[] = [];
    for (const vertex of vertexes) this.#addVertex(vertex, lines);
    for (const status of statuses) this.#addStatus(status, lines);
    for (const { vertex, msg, timestamp } of logs) this.#addLog(vertex, msg, millisecondsOf(timestamp) ?? 0, lines);
    for (const { short, detail, url, info, ranges } of warnings) {
      this.warnings.push({
        short: short.toString(),
        detail: detail.map(String),
        url,
        filename: info?.filename ?? "",
        line: ranges[0]?.start?.line,
      });
    }
    return lines;
  }

  /**
   * Reports the steps that have ended, once each, SETTLE_MS after their completion.
   * @param now milliseconds since 1970, comparable with the daemon's times; Infinity when the solve has ended
   * @returns the new lines, without line feeds
   */
  settle(now: number): string[] {
    const lines: string[] = [];
    for (const step of this.#steps.values()) {
      const { completedAt, startedAt, reported } = step;
      if (reported || completedAt === undefined || startedAt !== undefined || now - completedAt < SETTLE_MS) continue;
      step.reported = true;
      if (step.rest.length > 0) lines.push(logLine(step, step.rest, completedAt));
      step.rest = NOTHING;
      if (step.error !== "")
        lines.push(`#${step.number} ${step.error === CANCELLED ? "CANCELED" : `ERROR: ${step.error}`}`);
      else lines.push(`#${step.number} ${step.cached ? "CACHED" : `DONE ${seconds(step.ms, 1)}s`}`, "");
    }
    return lines;
  }

  #addVertex(vertex: StatusResponse["vertexes"][number], lines: string[]): void {
    const known = this.#steps.get(vertex.digest);
    const step: Mutable = known ?? {
      number: 0,
      digest: vertex.digest,
      name: vertex.name,
      cached: false,
      error: "",
      inputs: vertex.inputs,
      startedAt: undefined,
      completedAt: undefined,
      ms: 0,
      firstStart: 0,
      reported: false,
      rest: NOTHING,
    };
    if (known === undefined) this.#steps.set(vertex.digest, step);
    const started = millisecondsOf(vertex.started);
    const completed = millisecondsOf(vertex.completed);
    if (started === undefined) return;
    if (step.number === 0) {
      step.number = ++this.#count;
      step.firstStart = started;
      lines.push(`#${step.number} ${vertex.name}`);
    }
    if (completed === undefined) {
      // A late message about a run that has ended is not a new run.
      if (step.completedAt === undefined || started > step.completedAt) {
        step.startedAt ??= started;
        step.reported = false;
      }
      return;
    }
    step.cached ||= vertex.cached;
    if (vertex.error !== "") step.error = vertex.error;
    if (step.completedAt !== completed) step.ms += Math.max(0, completed - Math.max(started, step.completedAt ?? 0));
    step.completedAt = completed;
    step.startedAt = undefined;
  }

  #addStatus(status: StatusResponse["statuses"][number], lines: string[]): void {
    const step = this.#steps.get(status.vertex);
    if (step === undefined || step.number === 0) return;
    const [started, completed] = [millisecondsOf(status.started), millisecondsOf(status.completed)];
    const took =
      started === undefined || completed === undefined ? "" : ` ${seconds(Math.max(0, completed - started), 1)}s`;
    const done = status.completed === undefined ? "" : `${took} done`;
    const amount =
      status.total > 0
        ? ` ${bytes(status.current)} / ${bytes(status.total)}`
        : status.current > 0
          ? ` ${bytes(status.current)}`
          : "";
    // A log does not show intermediate amounts.
    const text = done === "" ? status.id : `${status.id}${amount}${done}`;
    const key = `${status.vertex} ${status.id}`;
    if (this.#statuses.get(key) === text) return;
    this.#statuses.set(key, text);
    lines.push(`#${step.number} ${text}`);
  }

  #addLog(digest: string, message: Buffer, time: number, lines: string[]): void {
    const step = this.#steps.get(digest);
    if (step === undefined || step.number === 0) return;
    let text = step.rest.length === 0 ? message : Buffer.concat([step.rest, message]);
    for (let end; (end = text.indexOf(10)) >= 0; text = text.subarray(end + 1)) {
      lines.push(logLine(step, text.subarray(0, end), time));
    }
    step.rest = text;
  }
}

const NOTHING = Buffer.alloc(0);
const CANCELLED = "context canceled";

function logLine(step: Mutable, text: Buffer, time: number): string {
  return `#${step.number} ${seconds(Math.max(0, time - step.firstStart), 3)} ${text.toString("utf8").replace(/\r$/, "")}`;
}

function seconds(ms: number, digits: number): string {
  return (ms / 1000).toFixed(digits);
}

/** Formats an amount of bytes with powers of ten, like progressui. */
function bytes(amount: number): string {
  let value = amount;
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (value < 1000 || unit === "TB") return `${unit === "B" ? value : value.toFixed(2)}${unit}`;
    value /= 1000;
  }
  return `${amount}B`;
}
