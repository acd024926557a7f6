import { Chalk, type ChalkInstance } from "chalk";
import ora, { type Ora } from "ora";
import type { BuildEvent } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { paletteOf } from "./buildkit-colours.ts";
import type { Palette } from "./buildkit-colours.ts";
import { depthOfColour } from "./colour.ts";
import { dimLine, flatten, tameLine } from "../../lib/terminal/control-sequences.ts";
import { failureLines, suggestionLines } from "./failure.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { Status } from "./status.ts";

/** Erases from the cursor to the end of the screen. */
const ERASE_BELOW = "\u001B[J";
/** Turn the wrapping of long lines off and on. */
const WRAP_OFF = "\u001B[?7l";
const WRAP_ON = "\u001B[?7h";
const TICK_MS = 100;
const NAME_WIDTH = "schedule".length;

const UNICODE = { frames: "⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧ ⠇ ⠏".split(" "), done: "✔", failed: "✖", full: "█", empty: "░" };
const ASCII = { frames: "- \\ | /".split(" "), done: "+", failed: "x", full: "#", empty: "." };

/**
 * The view for a terminal: the builder's output and one line per finished stage scroll above, and a status line stays at the bottom.
 *
 * The status line ends in a carriage return, and every write starts by erasing below the cursor. So when a resized terminal wraps that
 * line again, the cursor is still at its start, and no part of it remains. The line is drawn with wrapping off, as the terminal may be
 * narrower before its resize event arrives (a quarter second with tmux).
 */
export class TtyView implements Progress {
  readonly #stream: ViewStream;
  readonly #now: () => number;
  readonly #paint: ChalkInstance;
  readonly #palette: Palette;
  readonly #glyphs: typeof UNICODE;
  readonly #dim: readonly [string, string];
  readonly #spinner: Ora;
  readonly #status = new Status();
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
    this.#paint = new Chalk({ level: depthOfColour(env) });
    this.#palette = paletteOf(env["BUILDKIT_COLORS"], this.#paint);
    // The Linux console has a font of at most 512 glyphs.
    this.#glyphs = env["TERM"] === "linux" ? ASCII : UNICODE;
    const [open = "", close = ""] = this.#paint.dim("\0").split("\0");
    this.#dim = [open, close];
    tolerateBrokenPipe(stream);
    this.#spinner = ora({
      stream,
      isEnabled: true,
      // stdin may be the build context, which only the packer reads.
      discardStdin: false,
      // ora would choose its own colour by stdout.
      color: false,
      spinner: {
        interval: 80,
        frames: this.#glyphs.frames.map((frame) => ERASE_BELOW + WRAP_OFF + this.#palette.run(frame)),
      },
    });
  }

  emit(event: BuildEvent): void {
    this.#status.apply(event, this.#now());
    this.#print(this.#linesOf(event));
    if (event.type !== "log") this.#updateSpinner();
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#suspended = 0;
    const [first = "", ...rest] = failureLines(error).map((line) => tameLine(line, false));
    this.#print([this.#palette.error(first.replace("ERROR:", (word) => this.#paint.bold(word))), ...rest]);
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

  #linesOf(event: BuildEvent): string[] {
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
      case "log":
        return [dimLine(tameLine(event.line, this.#dim[0] !== ""), this.#dim)];
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
        const digests = [["digest", digest], ...imageId].map(
          ([name, value]) => `${mark} ${name} ${paint.dim(flatten(value ?? ""))}`,
        );
        return [...pushed, ...digests];
      }
      default:
        return [];
    }
  }

  #print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#waiting.push(...lines);
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
    const text = `${ERASE_BELOW}${this.#waiting.join("\n")}\n`;
    this.#waiting = [];
    // While it spins, ora removes its line before a write to this stream, and draws it again afterwards.
    this.#stream.write(text);
  }

  /** Shows the spinner while a stage is running. */
  #updateSpinner(): void {
    if (this.#suspended > 0 || this.#failed) return;
    if (!this.#status.busy) return this.#stopSpinner();
    this.#drawStatus();
    if (this.#ticker !== undefined) return;
    this.#ticker = setInterval(this.#drawStatus, TICK_MS);
    this.#ticker.unref();
    // Redraw at once: ora counts the rows of its text in the new width, and would erase as many rows of the log above.
    this.#stream.on("resize", this.#drawStatus);
    this.#spinner.start();
  }

  #stopSpinner(): void {
    if (this.#ticker === undefined) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#stream.off("resize", this.#drawStatus);
    this.#spinner.stop();
    this.#stream.write(ERASE_BELOW);
  }

  #release(): void {
    this.#stopSpinner();
    this.#writeWaiting();
  }

  readonly #drawStatus = (): void => {
    // Minus the glyph, its space, and the last column: a full row would wrap on some terminals.
    const line = this.#status.line((this.#stream.columns ?? 80) - 3, this.#now());
    if (line === undefined) return;
    const { full, empty } = this.#glyphs;
    const bar =
      line.bar && this.#palette.run(full.repeat(line.bar.done)) + this.#paint.dim(empty.repeat(line.bar.left));
    const parts = [this.#paint.bold(line.stage), bar, line.body, this.#paint.dim(line.elapsed)];
    this.#spinner.text = `${parts.filter((part) => part !== undefined && part !== "").join("  ")}${WRAP_ON}\r`;
  };
}
