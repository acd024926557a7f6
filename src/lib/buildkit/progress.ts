/**
 * What a solve does, as lines in the form of `buildctl --progress=plain` (buildkit util/progress/progressui), from the messages of
 * its Status call. Pure.
 */
import { millisecondsOf } from "./messages.ts";
import type { StatusResponse } from "./messages.ts";

/** One step, as far as it has come. */
export interface Step {
  /** Counted from 1 in the order in which steps start. */
  readonly number: number;
  readonly digest: string;
  readonly name: string;
  readonly cached: boolean;
  /** Empty where it has not failed. */
  readonly error: string;
  /** Milliseconds it took, all its runs together; a step may start and complete several times. */
  readonly ms: number;
  readonly completed: boolean;
  /** The steps it builds on, by their digests. */
  readonly inputs: readonly string[];
}

/** A warning about the Dockerfile, such as `docker build` lists at its end. */
export interface StepWarning {
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  readonly filename: string;
  /** Line in the file, counted from 1; undefined when none is named. */
  readonly line: number | undefined;
}

/**
 * Milliseconds after which a completion is taken for the last one. An internal step starts anew within a few, and a step that was
 * cached says so up to 20 after it has started.
 */
export const SETTLE_MS = 150;

interface Mutable {
  number: number;
  digest: string;
  name: string;
  cached: boolean;
  error: string;
  inputs: readonly string[];
  /** When the present run began, while it runs. */
  startedAt: number | undefined;
  completedAt: number | undefined;
  ms: number;
  /** When it first started, from which its log counts. */
  firstStart: number;
  told: boolean;
  /** What its log has after the last line feed. */
  rest: Buffer;
}

export class Progress {
  readonly #steps = new Map<string, Mutable>();
  readonly #statuses = new Map<string, string>();
  readonly warnings: StepWarning[] = [];
  #count = 0;

  /** The steps that have started, in their order. */
  get steps(): Step[] {
    return [...this.#steps.values()]
      .filter(({ number }) => number > 0)
      .sort((a, b) => a.number - b.number)
      .map((step) => ({ ...step, completed: step.completedAt !== undefined && step.startedAt === undefined }));
  }

  /** @returns the lines that are new, without their line feeds */
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
   * The ends that are known by now.
   * @param now milliseconds since 1970 by the daemon's clock, or Infinity at the end of everything
   */
  settle(now: number): string[] {
    const lines: string[] = [];
    for (const step of this.#steps.values()) {
      const { completedAt, startedAt, told } = step;
      if (told || completedAt === undefined || startedAt !== undefined || now - completedAt < SETTLE_MS) continue;
      step.told = true;
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
      told: false,
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
      // What it says late of a run that has ended is not a new run.
      if (step.completedAt === undefined || started > step.completedAt) {
        step.startedAt ??= started;
        step.told = false;
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
    const done = status.completed === undefined ? "" : " done";
    const amount =
      status.total > 0
        ? ` ${bytes(status.current)} / ${bytes(status.total)}`
        : status.current > 0
          ? ` ${bytes(status.current)}`
          : "";
    // Amounts in between are for a bar, not for a log.
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

/** As progressui prints them: powers of ten, three digits and more. */
function bytes(amount: number): string {
  let value = amount;
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (value < 1000 || unit === "TB") return `${unit === "B" ? value : value.toFixed(2)}${unit}`;
    value /= 1000;
  }
  return `${amount}B`;
}
