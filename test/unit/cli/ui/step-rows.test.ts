import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { PlainView } from "../../../../src/cli/ui/plain.ts";
import type { ShownStep } from "../../../../src/cli/ui/step-book.ts";
import { logRowsOf, overflowing, stepRow, stepRows } from "../../../../src/cli/ui/step-rows.ts";
import { TtyView } from "../../../../src/cli/ui/tty.ts";
import { widthOf } from "../../../../src/cli/ui/width.ts";
import { Pipe, Screen } from "./screen.ts";

const step = (name: string, state: ShownStep["state"] = "running", lines = 0): ShownStep => ({
  number: 1,
  name,
  startedAt: 0,
  state,
  ms: 0,
  status: "",
  transfers: new Map(),
  output: Array.from({ length: lines }, (_, index) => ({ seconds: "0.100", line: `line ${index}` })),
});

const AT = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T00:00:02Z";

const SIZES = [1, 5, 20, 79, 80, 300].flatMap((width) =>
  [0, 1, 2, 5, 24, 100].map((height) => [width, height] as const),
);
const NAMES = [
  "[1/2] RUN x",
  `[build 2/2] RUN ${"long ".repeat(80)}`,
  "[1/1] RUN 漢字漢字漢字漢字漢字漢字",
  "RUN \u001B[2J\u001B]0;t\u0007 x\ny",
];

it.each(SIZES)("live rows fit a terminal of %i columns and %i rows", (width, height) => {
  const steps = NAMES.map((name) => step(name, "running", 40));
  const rows = stepRows(steps, { width, height, logRows: 6 }, () => 123_456);
  expect(rows.length).toBeLessThanOrEqual(height);
  for (const { text } of rows) {
    expect(widthOf(text)).toBeLessThanOrEqual(width);
    // oxlint-disable-next-line no-control-regex -- none of them may remain
    expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
  }
});

it("shows the last lines of a running step, and none of one that is done", () => {
  const steps = [step("[1/2] RUN a", "done", 9), step("[2/2] RUN b", "running", 9)];
  const rows = stepRows(steps, { width: 40, height: 20, logRows: 2 }, () => 1500);
  expect(rows.map(({ text }) => text.trim())).toEqual([
    "=> [1/2] RUN a                     0.0s",
    "=> [2/2] RUN b                     1.5s",
    "=> => # line 7",
    "=> => # line 8",
  ]);
});

it.each([
  ["cached", " => CACHED [1/2] RUN a    0.0s"],
  ["failed", " => ERROR [1/2] RUN a     0.0s"],
  ["done", " => [1/2] RUN a           0.0s"],
] as const)("a row says that a step is %s", (state, text) => {
  expect(stepRow(step("[1/2] RUN a", state), 0, 30).text).toBe(text);
});

it.each([
  [undefined, 6],
  ["12", 12],
  ["x", 6],
  ["-1", 6],
])("BUILDKIT_TTY_LOG_LINES=%s gives %i rows", (text, rows) => expect(logRowsOf(text)).toBe(rows));

it.each([
  [10, 0],
  [4, 0],
  [3, 1],
  [2, 2],
  [1, 2],
])("of two ended steps and a running one with a line, in %i rows %i have no room", (height, count) => {
  const steps = [step("a", "done"), step("b", "cached"), step("c", "running", 1)];
  expect(overflowing(steps, { width: 40, height, logRows: 6 })).toBe(count);
});

it("a step that BuildKit runs again has one row, with the time of all its runs", async () => {
  const screen = new Screen(40);
  using view = new TtyView(screen, { TERM: "xterm", NO_COLOR: "1" });
  view.emit({ type: "stage-started", stage: "build" });
  for (const ms of [100, 2100]) {
    view.emit({ type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: AT });
    view.emit({ type: "step-done", step: "1", cached: false, ms, timestamp: AT });
    view.emit({ type: "step-started", step: "2", name: "[2/2] RUN y", timestamp: AT });
    view.emit({ type: "step-done", step: "2", cached: ms === 100, ms: 0, timestamp: AT });
  }
  view.emit({ type: "stage-done", stage: "build", ms: 2000 });
  await setImmediate();
  expect(screen.text).toEqual([
    " => [1/2] FROM x                   2.1s",
    " => [2/2] RUN y                    0.0s",
    "✔ build     2.0 s",
  ]);
});

/** A step that prints one line and then fails. */
function failIn(view: TtyView | PlainView): void {
  view.emit({ type: "stage-started", stage: "build" });
  view.emit({ type: "step-started", step: "1", name: "[1/1] RUN make", timestamp: AT });
  view.emit({ type: "log", step: "1", line: "ERROR: forged", container: "c", timestamp: LATER });
  view.emit({ type: "log", step: "1", line: "INFO noise", from: "builder", container: "c", timestamp: LATER });
  view.emit({ type: "step-failed", step: "1", error: "exit code 2", ms: 2000, timestamp: LATER });
  view.emit({ type: "stage-failed", stage: "build", ms: 2000 });
  view.fail(
    new BuildFailed("`RUN make` ended with exit code 2", { line: 1, excerpt: ["Dockerfile:1", "   1 | >>> x"] }),
  );
}

const END = [
  "------",
  " > [1/1] RUN make:",
  "2.000 ERROR: forged",
  "------",
  "Dockerfile:1",
  "   1 | >>> x",
  "ERROR: `RUN make` ended with exit code 2",
];

it("the terminal view ends a failure with the step's output, the Dockerfile's lines and one sentence", async () => {
  const screen = new Screen(40);
  using view = new TtyView(screen, { TERM: "xterm", NO_COLOR: "1" });
  failIn(view);
  await setImmediate();
  expect(screen.text).toEqual([" => ERROR [1/1] RUN make           2.0s", "✖ build     2.0 s", ...END]);
});

it("the plain view numbers the lines of a step, and ends a failure as the terminal view does", () => {
  const pipe = new Pipe();
  failIn(new PlainView(pipe));
  expect(pipe.lines).toEqual([
    "#1 [1/1] RUN make",
    "#1 2.000 ERROR: forged",
    "#1 2.000 INFO noise",
    "#1 ERROR: exit code 2",
    "=> build: failed (2.0 s)",
    ...END,
  ]);
});

it("what a step has transferred stays below its row", () => {
  const transfers = new Map([["transferring context:", "transferring context: 1.2 MB 0.3s"]]);
  const rows = stepRows(
    [{ ...step("[internal] load build context", "done"), transfers }],
    { width: 50, height: 9, logRows: 6 },
    () => 0,
  );
  expect(rows.map(({ text }) => text)).toEqual([
    ` => [internal] load build context${" ".repeat(12)} 0.0s`,
    " => => transferring context: 1.2 MB 0.3s",
  ]);
});

it("a step that was stopped is canceled, with the time that it took, and is not the one that failed", async () => {
  const screen = new Screen(80);
  let now = 0;
  const view = new TtyView(screen, { NO_COLOR: "1" }, () => now);
  for (const [id, name] of [
    ["1", "[1/2] RUN one"],
    ["2", "[2/2] RUN two"],
  ] as const) {
    view.emit({ type: "step-started", step: id, name, timestamp: AT });
    view.emit({ type: "log", step: id, line: `of ${id}`, container: "", timestamp: AT });
  }
  now = 4000;
  view.emit({ type: "step-failed", step: "1", error: "exit code: 1", ms: 2000, timestamp: LATER });
  // BuildKit tells it after the failure.
  view.emit({ type: "step-failed", step: "2", error: "canceled", ms: 0, timestamp: AT });
  view.fail(new BuildFailed("it failed"));
  view[Symbol.dispose]();
  await setImmediate();
  const rows = screen.text;
  expect(rows.find((row) => row.includes("RUN two"))).toMatch(/^ => CANCELED \[2\/2\] RUN two +4\.0s$/);
  expect(rows.find((row) => row.startsWith(" => ERROR"))).toMatch(/^ => ERROR \[1\/2\] RUN one +2\.0s$/);
  expect(rows).toContain("0.000 of 1");
  expect(rows).not.toContain("0.000 of 2");
});
