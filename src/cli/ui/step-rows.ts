/** The steps of a build as rows of a terminal, in docker's form (buildkit util/progress/progressui: display.go). */
import { flatten } from "../../lib/terminal/control-sequences.ts";
import type { ShownStep } from "./step-book.ts";
import { fit, widthOf } from "./width.ts";

/** Rows for the last lines of each running step, if BUILDKIT_TTY_LOG_LINES does not say otherwise. */
const LOG_ROWS = 6;

/** @param text value of BUILDKIT_TTY_LOG_LINES; anything but a whole number counts as absent, as in BuildKit */
export function logRowsOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : LOG_ROWS;
}

/** A row and what it says, so that it can be coloured. Without control sequences, at most `width` cells. */
export interface StepRow {
  readonly kind: "running" | "done" | "cached" | "failed" | "detail";
  readonly text: string;
}

/** One row: mark and name on the left, seconds on the right. */
export function stepRow(step: ShownStep, ms: number, width: number): StepRow {
  const mark = { running: "", done: "", cached: "CACHED ", failed: "ERROR " }[step.state];
  const seconds = `${(ms / 1000).toFixed(1)}s`;
  const room = width - widthOf(seconds) - 1;
  const left = fit(` => ${mark}${flatten(step.name)}`, room);
  return { kind: step.state, text: room < 1 ? fit(seconds, width) : `${pad(left, room)} ${seconds}` };
}

/**
 * The running steps, each with its last lines.
 * @param logRows rows for the lines of each step
 * @param height rows for all; the steps that started last have precedence, and their names before their lines
 * @param elapsed milliseconds since a step's start
 */
export function runningRows(
  steps: readonly ShownStep[],
  size: { readonly width: number; readonly height: number; readonly logRows: number },
  elapsed: (step: ShownStep) => number,
): StepRow[] {
  const running = steps.filter(({ state }) => state === "running").slice(-Math.max(0, size.height) || steps.length);
  if (size.height < 1) return [];
  let room = size.height - running.length;
  const details = new Map<ShownStep, StepRow[]>();
  for (const step of running.toReversed()) {
    const lines = [
      ...(step.status === "" ? [] : [` => => ${flatten(step.status)}`]),
      ...step.output
        .slice(size.logRows === 0 ? step.output.length : -size.logRows)
        .map(({ line }) => ` => => # ${flatten(line)}`),
    ].slice(room < 1 ? Number.MAX_SAFE_INTEGER : -room);
    room -= lines.length;
    details.set(
      step,
      lines.map((line) => ({ kind: "detail", text: fit(line, size.width) })),
    );
  }
  return running.flatMap((step) => [stepRow(step, elapsed(step), size.width), ...(details.get(step) ?? [])]);
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
