/**
 * Says what a command waits for as soon as that takes longer than a second: in a row with a spinner on a terminal, which goes away; once in a
 * while as a line elsewhere. While a build has a view, the view says it.
 */
import { formatElapsed } from "../../lib/text/measures.ts";
import { isWaiting, longWait, onWaits } from "../../lib/waits/waits.ts";
import type { Wait } from "../../lib/waits/waits.ts";
import { drawRow, printError } from "../../lib/terminal/output.ts";
import { glyphsOf } from "./glyphs.ts";
import { canDrawRows } from "./progress.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { fit } from "./width.ts";

/** Nobody wonders about a shorter wait. */
export const ROW_AFTER_MS = 1000;
/** A line stays in a log, so it comes later, and again only after a while. */
export const LINE_AFTER_MS = 5000;
export const LINE_INTERVAL_MS = 30_000;
const TICK_MS = 100;

interface Surroundings {
  readonly stream: ViewStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class WaitLine {
  readonly #stream: ViewStream;
  readonly #canDraw: boolean;
  readonly #frames: readonly string[];
  readonly #told = new Map<string, number>();
  #view: Progress | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #frame = 0;
  #paused = 0;
  /** The row is another one's, who says itself what it waits for. */
  #isTaken = false;

  constructor({ stream, env }: Surroundings) {
    this.#stream = stream;
    this.#canDraw = canDrawRows(stream, env);
    this.#frames = glyphsOf(env).frames;
    onWaits(() => this.#follow());
  }

  /** From now on, the view says it. */
  leaveTo(view: Progress): void {
    drawRow(undefined);
    this.#view = view;
  }

  /** From now on, nothing is drawn on a terminal. */
  leaveRow(): void {
    drawRow(undefined);
    this.#isTaken = true;
  }

  /** Says nothing while the work asks on the terminal. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    this.#paused += 1;
    drawRow(undefined);
    try {
      return await work();
    } finally {
      this.#paused -= 1;
    }
  }

  #follow(): void {
    if (isWaiting()) {
      this.#ticker ??= setInterval(() => this.#tell(), TICK_MS).unref();
      return;
    }
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    drawRow(undefined);
    this.#view?.showWait?.(undefined);
  }

  #tell(): void {
    if (this.#paused > 0) return;
    if (this.#view?.showWait !== undefined) return this.#view.showWait(longWait(ROW_AFTER_MS));
    const wait = longWait(ROW_AFTER_MS);
    if (this.#view === undefined && this.#canDraw && wait?.asks !== true) return this.#draw(wait);
    drawRow(undefined);
    // What asks on the terminal may have been waiting for its user before anything is read here.
    const late = this.#view === undefined && this.#canDraw ? wait : longWait(LINE_AFTER_MS);
    if (late !== undefined) this.#sayOnce(late);
  }

  #draw(wait: Wait | undefined): void {
    if (wait === undefined || this.#isTaken) return drawRow(undefined);
    this.#frame += 1;
    const elapsed = formatElapsed(performance.now() - wait.since);
    const glyph = this.#frames[this.#frame % this.#frames.length] ?? "";
    drawRow(fit(`${glyph} waiting for ${wait.what}  ${elapsed}`, (this.#stream.columns ?? 80) - 1));
  }

  #sayOnce({ what, since }: Wait): void {
    const now = performance.now();
    const told = this.#told.get(what);
    if (told !== undefined && now - told < LINE_INTERVAL_MS) return;
    this.#told.set(what, now);
    const message = `waiting for ${what} (${formatElapsed(now - since)})`;
    if (this.#view === undefined) printError(`${message}\n`);
    else this.#view.emit({ type: "waiting", message });
  }
}

let line: WaitLine | undefined;

/** For the whole program, which has one terminal. */
export function startWaitLine(surroundings: Surroundings): void {
  line = new WaitLine(surroundings);
}

export function waitLine(): WaitLine | undefined {
  return line;
}
