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
  readonly kind: "running" | "done" | "cached" | "failed" | "canceled" | "detail";
  readonly text: string;
}

/** One row: mark and name on the left, seconds on the right. */
export function stepRow(step: ShownStep, ms: number, width: number): StepRow {
  const mark = { running: "", done: "", cached: "CACHED ", failed: "ERROR ", canceled: "CANCELED " }[step.state];
  const seconds = `${(ms / 1000).toFixed(1)}s`;
  const room = width - widthOf(seconds) - 1;
  const left = fit(` => ${mark}${flatten(step.name)}`, room);
  return { kind: step.state, text: room < 1 ? fit(seconds, width) : `${pad(left, room)} ${seconds}` };
}

/** What of a terminal the steps may use. */
export interface StepsSize {
  /** In cells. */
  readonly width: number;
  /** Rows for all steps. */
  readonly height: number;
  /** Rows for the last lines of each running step; 0 means all of them, as in BuildKit. */
  readonly logRows: number;
}

/**
 * The steps that are shown below the status line, in the order in which they started: one row each, and under a running one its last lines.
 * The steps that started last have precedence, and their names before their lines.
 * @param elapsed milliseconds since a running step's start
 */
export function stepRows(
  steps: readonly ShownStep[],
  size: StepsSize,
  elapsed: (step: ShownStep) => number,
): StepRow[] {
  if (size.height < 1) return [];
  const shown = steps.slice(-size.height);
  let room = size.height - shown.length;
  const details = new Map<ShownStep, readonly string[]>();
  for (const step of shown.toReversed()) {
    const lines = room < 1 ? [] : detailsOf(step, size.logRows).slice(-room);
    room -= lines.length;
    details.set(step, lines);
  }
  return shown.flatMap((step): StepRow[] => [
    stepRow(step, step.state === "running" ? elapsed(step) : step.ms, size.width),
    ...(details.get(step) ?? []).map((line) => ({ kind: "detail" as const, text: fit(line, size.width) })),
  ]);
}

/** How many of the ended steps have to leave the live rows, the oldest first, so that the others and their lines have room. */
export function overflowing(steps: readonly ShownStep[], { height, logRows }: StepsSize): number {
  const rowsOf = (step: ShownStep): number => 1 + detailsOf(step, logRows).length;
  let rows = steps.reduce((sum, step) => sum + rowsOf(step), 0);
  let count = 0;
  for (const step of steps.filter(({ state }) => state !== "running")) {
    if (rows <= height) break;
    rows -= rowsOf(step);
    count += 1;
  }
  return count;
}

/** What a step has transferred, what it does now, and the last lines that it printed while it runs. */
function detailsOf({ state, status, transfers, output }: ShownStep, logRows: number): string[] {
  const done = [...transfers.values()].map((text) => ` => => ${flatten(text)}`);
  if (state !== "running") return done;
  const lines = logRows === 0 ? output : output.slice(-logRows);
  return [
    ...done,
    ...(status === "" ? [] : [` => => ${flatten(status)}`]),
    ...lines.map(({ line }) => ` => => # ${flatten(line)}`),
  ];
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
