import { CANCELED } from "../../lib/text/canceled.ts";
import type { BuildEvent, BuildResult, LogEvent, StepEvent } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { ContextStep } from "./context-step.ts";
import type { ShownEvent } from "./context-step.ts";
import { excerptLines, failureLines, suggestionLines } from "./failure.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { StepBook, failedOutput, isOfStep, isShownLater, secondsOf } from "./step-book.ts";
import type { ShownStep } from "./step-book.ts";
import { StepOrder } from "./step-order.ts";
import { flatten } from "../../lib/terminal/control-sequences.ts";
import { logLine, tameText, unforgeable } from "../../lib/terminal/output.ts";

/** Interval between progress lines of a long upload. */
const UPLOAD_INTERVAL_MS = 5000;
/** How often it is looked whether a step has waited long enough for its turn. */
const TURN_INTERVAL_MS = 500;

/**
 * Lines for a log. Slipway's own lines start with `=> `, `WARNING: ` or `ERROR: ` and have no control codes. The builder's steps are as
 * docker prints them, each line with its step's number. A line that belongs to no step is printed as it is, but one that begins as slipway's
 * own lines do gets `# ` before it. On a terminal only colours stay.
 */
export class PlainView implements Progress {
  readonly #stream: ViewStream;
  readonly #now: () => number;
  readonly #context: ContextStep;
  #uploadShownAt: number | undefined;
  #waiting = "";
  /** Detail of the stage that started last. */
  #detail: string | undefined;
  readonly #book = new StepBook();
  readonly #order: StepOrder;
  #turns: NodeJS.Timeout | undefined;
  /** The step whose lines were printed last. */
  #step: ShownStep | undefined;
  #failed = false;
  #held: string[] | undefined;

  constructor(stream: ViewStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#context = new ContextStep(now);
    this.#order = new StepOrder(now);
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    for (const shown of this.#context.translate(event)) {
      if (event.type === "upload" && !this.#isUploadDue()) continue;
      if (isOfStep(shown)) this.#tell(this.#order.add(shown));
      else {
        if (isEnd(shown)) this.#tell(this.#order.flush());
        this.#print(this.#linesOf(shown).flatMap(ownLines));
      }
    }
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#tell(this.#order.flush());
    this.#release();
    this.#print([
      ...failedOutput(this.#book).map((line) => logLine(unforgeable(line), this.#stream)),
      ...excerptLines(error, this.#book.excerpt),
      ...failureLines(error).map(tameText),
    ]);
  }

  async suspend<T>(work: () => Promise<T>): Promise<T> {
    this.#held ??= [];
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  [Symbol.dispose](): void {
    this.#tell(this.#order.flush());
    this.#release();
  }

  #tell(events: readonly (StepEvent | LogEvent)[]): void {
    for (const event of events) this.#print(this.#stepLines(event));
    if (!this.#order.waits) {
      clearInterval(this.#turns);
      this.#turns = undefined;
    } else this.#turns ??= setInterval(() => this.#tell(this.#order.due()), TURN_INTERVAL_MS).unref();
  }

  #linesOf(event: ShownEvent): string[] {
    switch (event.type) {
      case "stage-started":
        this.#waiting = "";
        this.#detail = event.detail;
        return event.detail === undefined ? [] : [`=> ${event.stage}: ${event.detail}`];
      case "stage-done": {
        // The line of the start has shown it.
        const detail = event.detail === this.#detail ? undefined : event.detail;
        const outcome = detail ?? (event.bytes === undefined ? undefined : formatBytes(event.bytes));
        return [`=> ${event.stage}${outcome === undefined ? "" : `: ${outcome}`} (${formatDuration(event.ms)})`];
      }
      case "stage-failed":
        return [`=> ${event.stage}: failed (${formatDuration(event.ms)})`];
      case "waiting":
        if (event.message === this.#waiting) return [];
        this.#waiting = event.message;
        return [`=> ${event.message}`];
      case "note":
        return [`=> ${event.message}`];
      case "warning":
        return [`WARNING: ${event.message}`, ...suggestionLines(event.suggestions ?? [])];
      case "built":
        return builtLines(event.result);
      default:
        return [];
    }
  }

  /** As `docker build --progress plain` prints steps: each line has its step's number before it. */
  #stepLines(event: StepEvent | LogEvent): string[] {
    this.#book.apply(event);
    const step = this.#book.of(event);
    if (isShownLater(event)) return [];
    if (step === undefined) return event.type === "log" ? [logLine(unforgeable(event.line), this.#stream)] : [];
    const line = (text: string): string => logLine(`#${step.number} ${text}`, this.#stream);
    const before = this.#turnTo(step, line(step.name));
    switch (event.type) {
      case "step-started":
        return before;
      case "step-status":
        return [...before, line(event.text)];
      case "log":
        return [...before, line(`${secondsOf(step, event.timestamp)} ${event.line}`)];
      case "step-failed":
        return [...before, line(event.error === CANCELED ? "CANCELED" : `ERROR: ${flatten(event.error)}`)];
      case "step-done":
        this.#step = undefined;
        return [...before, line(event.cached ? "CACHED" : `DONE ${(event.ms / 1000).toFixed(1)}s`), ""];
    }
  }

  /** The lines between those of two steps. */
  #turnTo(step: ShownStep, header: string): string[] {
    const last = this.#step;
    if (last === step) return [];
    this.#step = step;
    return last?.state === "running" ? [`#${last.number} ...`, "", header] : [header];
  }

  #isUploadDue(): boolean {
    const now = this.#now();
    this.#uploadShownAt ??= now;
    if (now - this.#uploadShownAt < UPLOAD_INTERVAL_MS) return false;
    this.#uploadShownAt = now;
    return true;
  }

  #print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#held !== undefined) this.#held.push(...lines);
    else this.#stream.write(`${lines.join("\n")}\n`);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#print(held);
  }
}

/** Whether no step runs any longer. */
function isEnd(event: ShownEvent): boolean {
  if (event.type === "built") return true;
  return (event.type === "stage-done" || event.type === "stage-failed") && event.stage === "build";
}

/** A message of several lines has no further line that looks like another message. */
function ownLines(text: string): string[] {
  return text.split("\n").map((line, index) => tameText(index === 0 ? line : unforgeable(line)));
}

function builtLines({ digest, configDigest, references, loaded }: BuildResult): string[] {
  const id = loaded?.id ?? configDigest;
  return [
    ...references.map((reference) => `=> pushed ${reference}`),
    ...(loaded?.names ?? []).map((name) => `=> loaded ${name}`),
    // Several platforms have no digest together if nothing is pushed or exported.
    ...(digest === "" ? [] : [`=> built digest ${digest}`]),
    ...(id === undefined || id === digest ? [] : [`=> built image ID ${id}`]),
  ];
}
