import { Chalk, type ChalkInstance } from "chalk";
import type { BuildEvent, LogEvent, StepEvent } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { paletteOf } from "./buildkit-colours.ts";
import type { Palette } from "./buildkit-colours.ts";
import { depthOfColour } from "./colour.ts";
import { ContextStep } from "./context-step.ts";
import type { ShownEvent } from "./context-step.ts";
import { dimLine, flatten, tameLine } from "../../lib/terminal/control-sequences.ts";
import { glyphsOf } from "./glyphs.ts";
import type { Glyphs } from "./glyphs.ts";
import { excerptLines, failureLines, suggestionLines } from "./failure.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";
import type { Progress, ViewStream } from "./progress.ts";
import type { Wait } from "../../lib/waits/waits.ts";
import { Status } from "./status.ts";
import { StepBook, failedOutput, isOfStep, isShownLater } from "./step-book.ts";
import type { ShownStep } from "./step-book.ts";
import { TOLD_AGAIN_MS } from "./step-order.ts";
import { logRowsOf, overflowing, stepRows } from "./step-rows.ts";
import type { StepRow, StepsSize } from "./step-rows.ts";

/**
 * Erases from the cursor, which stands at the start of a row, to the end of the screen. At the screen's first cell tmux would put what is
 * erased into its history (screen_write_clearendofscreen), so it begins one cell later.
 */
const ERASE_BELOW = " \u001B[J\r\u001B[0K";
/** Hide the cursor, which stands at the top of the live rows, and show it again. */
const CURSOR_OFF = "\u001B[?25l";
const CURSOR_ON = "\u001B[?25h";
/** Turn the wrapping of long lines off and on. */
const WRAP_OFF = "\u001B[?7l";
const WRAP_ON = "\u001B[?7h";
const TICK_MS = 100;
/** Rows of the terminal that the steps leave free: for the status line, and for the last lines above. */
const SPARE_ROWS = 3;
const NAME_WIDTH = "schedule".length;

/**
 * The view for a terminal. Finished stages scroll above. Below them are the live rows, which are drawn anew: a status line, the builder's steps
 * in the order of their start, and the last lines that each running one printed. A step that has ended stays among the live rows while there is
 * room, as BuildKit may run it again, and then scrolls above.
 *
 * After the live rows are drawn, the cursor goes back to the start of the first one, and every write begins by erasing below the cursor. So when a
 * resized terminal wraps the rows again, the cursor is still at their start, and no part of them remains. They are drawn with wrapping off,
 * as the terminal may be narrower before its resize event arrives (a quarter second with tmux).
 */
export class TtyView implements Progress {
  readonly #stream: ViewStream;
  readonly #now: () => number;
  readonly #paint: ChalkInstance;
  readonly #palette: Palette;
  readonly #glyphs: Glyphs;
  readonly #dim: readonly [string, string];
  readonly #logRows: number;
  readonly #status = new Status();
  readonly #context: ContextStep;
  readonly #book = new StepBook();
  /** When each running step started, by this machine's clock. */
  readonly #since = new Map<number, number>();
  /** The numbers of the steps that have scrolled above. */
  readonly #scrolled = new Set<number>();
  /** The state and time in the rows that are above, by the number of their step. */
  readonly #told = new Map<number, Pick<ShownStep, "state" | "ms">>();
  #frame = 0;
  #ticker: NodeJS.Timeout | undefined;
  #waiting: string[] = [];
  #flush: NodeJS.Immediate | undefined;
  #suspended = 0;
  #failed = false;

  constructor(
    stream: ViewStream,
    env: Readonly<Record<string, string | undefined>>,
    now: () => number = () => performance.now(),
  ) {
    this.#stream = stream;
    this.#now = now;
    this.#context = new ContextStep(now);
    this.#paint = new Chalk({ level: depthOfColour(env) });
    this.#palette = paletteOf(env["BUILDKIT_COLORS"], this.#paint);
    // The Linux console has a font of at most 512 glyphs.
    this.#glyphs = glyphsOf(env);
    const [open = "", close = ""] = this.#paint.dim("\0").split("\0");
    this.#dim = [open, close];
    tolerateBrokenPipe(stream);
    this.#logRows = logRowsOf(env["BUILDKIT_TTY_LOG_LINES"]);
  }

  emit(event: BuildEvent): void {
    this.#status.apply(event, this.#now());
    const shown = this.#context.translate(event);
    // The status line has the bytes of an upload, while it sends.
    for (const one of event.type === "upload" ? [] : shown) {
      if (isOfStep(one)) this.#applyStep(one);
      else this.#print(this.#linesOf(one));
    }
    if (event.type !== "log") this.#updateSpinner();
  }

  showWait(wait: Wait | undefined): void {
    this.#status.showWait(wait);
    this.#updateSpinner();
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#suspended = 0;
    const [first = "", ...rest] = failureLines(error).map((line) => tameLine(line, false));
    const output = failedOutput(this.#book).map((line) => dimLine(tameLine(line, this.#dim[0] !== ""), this.#dim));
    const sentence = this.#palette.error(first.replace("ERROR:", (word) => this.#paint.bold(word)));
    this.#print([...output, ...excerptLines(error, this.#book.excerpt), sentence, ...rest]);
    this.#release();
  }

  async suspend<T>(work: () => Promise<T>): Promise<T> {
    this.#writeWaiting();
    this.#stopSpinner();
    this.#suspended += 1;
    try {
      return await work();
    } finally {
      this.#suspended = Math.max(0, this.#suspended - 1);
      this.#updateSpinner();
      this.#schedule();
    }
  }

  [Symbol.dispose](): void {
    this.#suspended = 0;
    this.#release();
  }

  #linesOf(event: ShownEvent): string[] {
    const paint = this.#paint;
    switch (event.type) {
      case "stage-done": {
        const outcome = event.detail ?? (event.bytes === undefined ? undefined : formatBytes(event.bytes));
        const mark = paint.green(this.#glyphs.done);
        const result = outcome === undefined ? "" : `  ${flatten(outcome)}`;
        return [`${mark} ${event.stage.padEnd(NAME_WIDTH)}${result}  ${paint.dim(formatDuration(event.ms))}`];
      }
      case "stage-failed": {
        const mark = this.#palette.error(this.#glyphs.failed);
        return [`${mark} ${event.stage.padEnd(NAME_WIDTH)}  ${paint.dim(formatDuration(event.ms))}`];
      }
      case "note":
        return [paint.dim(flatten(event.message))];
      case "warning": {
        return [
          `${this.#palette.warning("WARNING:")} ${flatten(event.message)}`,
          ...suggestionLines(event.suggestions ?? []).map((line) => tameLine(line, false)),
        ];
      }
      case "built": {
        const { digest, configDigest, references, loaded } = event.result;
        const mark = paint.green(this.#glyphs.done);
        const named = (what: string, names: readonly string[]): string[] =>
          names.map((name) => `${mark} ${what.padEnd(NAME_WIDTH)}  ${paint.bold(flatten(name))}`);
        const pushed = [...named("pushed", references), ...named("loaded", loaded?.names ?? [])];
        const id = loaded?.id ?? configDigest;
        const imageId = id === undefined || id === digest ? [] : [["image ID", id]];
        // Not in the column of the others, so that a digest fits a row of 80 cells.
        const digests = [...(digest === "" ? [] : [["digest", digest]]), ...imageId].map(
          ([name, value]) => `${mark} ${name} ${paint.dim(flatten(value ?? ""))}`,
        );
        return [...pushed, ...digests];
      }
      default:
        return [];
    }
  }

  /** What a step prints is only shown while it runs, or if it fails. */
  #applyStep(event: StepEvent | LogEvent): void {
    this.#book.apply(event);
    const step = this.#book.of(event);
    // The time of a step that was stopped is not in the builder's log, which ends before.
    if (step?.state === "canceled" && event.type === "step-failed")
      step.ms = Math.max(step.ms, this.#now() - (this.#since.get(step.number) ?? this.#now()));
    if (step === undefined && event.type === "log" && !isShownLater(event))
      return this.#print([dimLine(tameLine(event.line, this.#dim[0] !== ""), this.#dim)]);
    if (event.type !== "step-started" || step === undefined) return;
    this.#since.set(step.number, this.#now());
    this.#scrolled.delete(step.number);
  }

  /** The steps that have not scrolled above. */
  get #liveSteps(): ShownStep[] {
    return this.#book.steps.filter(({ number }) => !this.#scrolled.has(number));
  }

  /** The rows of the first `count` ended steps, which from now on are above the live rows. */
  #scroll(count: number): string[] {
    const ended = this.#liveSteps.filter(({ state }) => state !== "running").slice(0, count);
    return ended.flatMap((step) => {
      const { number, state, ms } = step;
      this.#scrolled.add(number);
      // A step that ran again is told again only if that took time.
      const told = this.#told.get(number);
      if (told?.state === state && ms - told.ms < TOLD_AGAIN_MS) return [];
      this.#told.set(number, { state, ms });
      return stepRows([step], { ...this.#size, height: Number.POSITIVE_INFINITY }, () => step.ms).map((one) =>
        this.#painted(one),
      );
    });
  }

  #painted({ kind, text }: StepRow): string {
    if (kind === "failed") return this.#palette.error(text);
    if (kind === "canceled") return this.#palette.canceled(text);
    if (kind === "detail") return this.#paint.dim(text);
    return kind === "running" ? text : this.#palette.run(text);
  }

  /** Minus the last column: a full row would wrap on some terminals. */
  get #width(): number {
    return (this.#stream.columns ?? 80) - 1;
  }

  get #size(): StepsSize {
    const height = Math.max(0, (this.#stream.rows ?? 24) - SPARE_ROWS);
    return { width: this.#width, height, logRows: this.#logRows };
  }

  #print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#waiting.push(...this.#scroll(Number.POSITIVE_INFINITY), ...lines);
    this.#schedule();
  }

  /** Collects the lines of one turn of the event loop into one write, as a builder may print thousands of lines per second. */
  #schedule(): void {
    if (this.#suspended > 0 || this.#waiting.length === 0) return;
    this.#flush ??= setImmediate(() => this.#writeWaiting());
  }

  #writeWaiting(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#suspended > 0 || this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    if (this.#ticker !== undefined) lines.push(...this.#scroll(overflowing(this.#liveSteps, this.#size)));
    this.#stream.write(`${ERASE_BELOW}${lines.join("\n")}\n${this.#liveRows()}`);
  }

  /** Shows the spinner while a stage is running. */
  #updateSpinner(): void {
    if (this.#suspended > 0 || this.#failed) return;
    if (!this.#status.busy) return this.#stopSpinner();
    if (this.#ticker !== undefined) return;
    this.#stream.write(CURSOR_OFF);
    process.once("exit", this.#showCursor);
    this.#ticker = setInterval(this.#drawLive, TICK_MS);
    this.#ticker.unref();
    // Redraw at once, in the new width.
    this.#stream.on("resize", this.#drawLive);
    this.#drawLive();
  }

  #stopSpinner(): void {
    if (this.#ticker === undefined) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#stream.off("resize", this.#drawLive);
    process.off("exit", this.#showCursor);
    this.#stream.write(ERASE_BELOW + CURSOR_ON);
  }

  readonly #showCursor = (): void => {
    const above = this.#scroll(Number.POSITIVE_INFINITY).map((row) => `${row}\n`);
    this.#stream.write(ERASE_BELOW + above.join("") + CURSOR_ON);
  };

  #release(): void {
    this.#waiting.push(...this.#scroll(Number.POSITIVE_INFINITY));
    this.#stopSpinner();
    this.#writeWaiting();
  }

  readonly #drawLive = (): void => {
    this.#frame += 1;
    const above = this.#scroll(overflowing(this.#liveSteps, this.#size)).map((row) => `${row}\n`);
    this.#stream.write(ERASE_BELOW + above.join("") + this.#liveRows());
  };

  /** The live rows, with the cursor back at the start of the first one. */
  #liveRows(): string {
    if (this.#ticker === undefined) return "";
    const line = this.#statusLine();
    if (line === undefined) return "";
    const now = this.#now();
    const steps = stepRows(this.#liveSteps, this.#size, ({ number }) => now - (this.#since.get(number) ?? now));
    const rows = [line, ...steps.map((row) => this.#painted(row))];
    const back = rows.length > 1 ? `\u001B[${rows.length - 1}A` : "";
    return `${WRAP_OFF}${rows.join("\n")}${WRAP_ON}${back}\r`;
  }

  #statusLine(): string | undefined {
    // Minus the glyph and its space.
    const line = this.#status.line(this.#width - 2, this.#now());
    if (line === undefined) return undefined;
    const { full, empty, frames } = this.#glyphs;
    const bar =
      line.bar && this.#palette.run(full.repeat(line.bar.done)) + this.#paint.dim(empty.repeat(line.bar.left));
    const parts = [
      line.stage === "" ? "" : this.#paint.bold(line.stage),
      bar,
      line.body,
      this.#paint.dim(line.elapsed),
    ];
    const frame = this.#palette.run(frames[this.#frame % frames.length] ?? "");
    return `${frame} ${parts.filter((part) => part !== undefined && part !== "").join("  ")}`;
  }
}
