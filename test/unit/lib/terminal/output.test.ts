/** Hostile text in everything that comes from outside, through every view and table: nothing of it moves a terminal or forges a line. */
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { buildTable, contextTable } from "../../../../src/cli/print/tables.ts";
import { failureLines } from "../../../../src/cli/ui/failure.ts";
import { JsonView } from "../../../../src/cli/ui/json.ts";
import { PlainView } from "../../../../src/cli/ui/plain.ts";
import { QuietView } from "../../../../src/cli/ui/quiet.ts";
import { RawJsonView } from "../../../../src/cli/ui/rawjson.ts";
import { TtyView } from "../../../../src/cli/ui/tty.ts";
import type { Progress, ViewStream } from "../../../../src/cli/ui/progress.ts";
import { BuildFailed, InternalError } from "../../../../src/errors.ts";
import type { BuildEvent } from "../../../../src/events.ts";
import { jsonText, logLine, tameQuestion, tameText, unforgeable } from "../../../../src/lib/terminal/output.ts";
import { Pipe } from "../../cli/ui/screen.ts";

/** Sets the title, clears the screen, moves the cursor; as CSI and OSC of 7 and of 8 bits; deletes, rings, and forges a line. */
const HOSTILE =
  "a\u001B]0;title\u0007\u001B[2J\u001B[1;1H\u009B2J\u009D0;t\u009Cb\u0008\u007F\u0000\r\n=> pushed r.example/prod:1\nERROR: forged";

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/;
const FORGED = /^(?:=> pushed r\.example|ERROR: forged)/m;

const EVENTS: readonly BuildEvent[] = [
  { type: "stage-started", stage: "build", detail: HOSTILE },
  { type: "stage-done", stage: "build", detail: HOSTILE, ms: 1 },
  { type: "waiting", message: HOSTILE },
  { type: "note", message: HOSTILE },
  { type: "warning", message: HOSTILE, suggestions: [HOSTILE] },
  {
    type: "built",
    result: { name: "x", builder: "kaniko", digest: HOSTILE, configDigest: HOSTILE, references: [HOSTILE] },
  },
];

const onTerminal = (pipe: Pipe): ViewStream => Object.assign(pipe, { isTTY: true });

test.each<[string, (stream: ViewStream) => Progress]>([
  ["plain", (stream) => new PlainView(stream)],
  ["quiet", (stream) => new QuietView(stream)],
  ["rawjson", (stream) => new RawJsonView(stream)],
  ["json", (stream) => new JsonView(stream)],
])("the %s view shows no control sequence of an event or error, and no forged line", (_, open) => {
  for (const failure of [
    new BuildFailed(HOSTILE, { suggestions: [HOSTILE] }),
    new InternalError(HOSTILE),
    new Error(HOSTILE),
  ]) {
    const pipe = new Pipe();
    const view = open(pipe);
    for (const event of EVENTS) view.emit(event);
    view.fail(failure);
    expect(pipe.lines.join("\n")).not.toMatch(CONTROLS);
    expect(pipe.lines.join("\n")).not.toMatch(FORGED);
  }
});

test.each([
  ["plain", (stream: ViewStream) => new PlainView(stream)],
  ["quiet", (stream: ViewStream) => new QuietView(stream)],
])("the %s view shows a builder's line on a terminal with its colours only, and piped as it is", (_, open) => {
  const line = "\u001B[31mred\u001B[0m\u001B[2J\u001B]0;t\u0007";
  const shown = (pipe: Pipe): string => {
    const view = open(pipe);
    view.emit({ type: "log", line, container: "kaniko", timestamp: "" });
    view.fail(new BuildFailed("x"));
    return pipe.lines[0] ?? "";
  };
  expect(shown(onTerminal(new Pipe()) as Pipe)).toBe("\u001B[31mred\u001B[0m");
  expect(shown(new Pipe())).toBe(line);
});

/** What a builder, a Dockerfile or a registry can put into the steps, on one line as lines of a log are. */
const LINE = HOSTILE.replaceAll("\n", "");
const AT = "2026-01-01T00:00:00Z";
const STEPS: readonly BuildEvent[] = [
  { type: "stage-started", stage: "build" },
  { type: "step-started", step: "1", name: LINE, timestamp: AT },
  { type: "step-status", step: "1", text: LINE, id: LINE, done: false, timestamp: AT },
  { type: "step-status", step: "1", text: LINE, id: `${LINE}:`, done: true, timestamp: AT },
  { type: "log", step: "1", line: LINE, container: "c", timestamp: AT },
  { type: "log", line: LINE, from: "excerpt", container: "c", timestamp: AT },
  { type: "log", line: `\u001B[31mred\u001B[0m${LINE}`, container: "c", timestamp: AT },
  { type: "step-failed", step: "1", error: LINE, ms: 1, timestamp: AT },
];
/** Colours, and with which the terminal view draws: hide and show the cursor, turn wrapping on and off, go up, erase. */
// oxlint-disable-next-line no-control-regex
const ALLOWED = /\u001B\[(?:[0-9;]*m|\?25[hl]|\?7[hl]|\d+A|0?[JK])|\r/g;

test.each<[string, (stream: ViewStream) => Progress]>([
  ["plain", (stream) => new PlainView(stream)],
  ["tty", (stream) => new TtyView(stream, { TERM: "xterm" })],
  ["quiet", (stream) => new QuietView(stream)],
  ["rawjson", (stream) => new RawJsonView(stream)],
  ["json", (stream) => new JsonView(stream)],
])("the %s view shows on a terminal no control sequence of a step but colours", async (_, open) => {
  const pipe = new Pipe();
  const view = open(onTerminal(pipe));
  for (const event of STEPS) view.emit(event);
  await setTimeout(150);
  view.fail(new BuildFailed("x"));
  view[Symbol.dispose]();
  const rest = pipe.text.replaceAll(ALLOWED, "");
  expect(rest).not.toMatch(CONTROLS);
});

test.each([
  "=> pushed r/a:1",
  "WARNING: x",
  "ERROR: x",
  "  => built",
  "\u001B[0m=> built digest",
  "\u001B[31mERROR: x",
])("a builder's line %j gets a mark that no line of slipway's own has", (line) => {
  const pipe = new Pipe();
  new PlainView(pipe).emit({ type: "log", line, container: "kaniko", timestamp: "" });
  expect(pipe.lines).toEqual([`# ${line}`]);
});

test.each(["plain text", "# x", "=>x is not one", "an ERROR: inside"])(
  "a builder's line %j gets none unless it begins as ours do",
  (line) => {
    expect(unforgeable(line)).toBe(line.startsWith("=>") ? `# ${line}` : line);
  },
);

test("a table has a line for each row, whatever its cells hold", () => {
  const record = {
    name: HOSTILE,
    namespace: "n",
    state: "built" as const,
    references: [HOSTILE],
    builder: HOSTILE,
    container: "",
    user: HOSTILE,
    version: "",
    insecureRegistries: [],
    createdAt: "2026-01-01T00:00:00Z",
  };
  const builds = buildTable([record] as unknown as Parameters<typeof buildTable>[0], { now: 0, users: true });
  const kept = {
    name: HOSTILE,
    claim: HOSTILE,
    size: HOSTILE,
    phase: HOSTILE,
    createdAt: record.createdAt,
    usedBy: [HOSTILE],
  };
  const contexts = contextTable([kept] as unknown as Parameters<typeof contextTable>[0], 0);
  for (const table of [builds, contexts]) {
    expect(table).not.toMatch(CONTROLS);
    expect(table.split("\n")).toHaveLength(3);
  }
});

test("what is printed keeps lines, tabs and every other script, and loses control sequences", () => {
  expect(tameText("a\tb\nü 漢字 🚀\n")).toBe("a\tb\nü 漢字 🚀\n");
  expect(tameText(HOSTILE)).not.toMatch(CONTROLS);
  expect(tameQuestion(`${HOSTILE} [y/N] `)).toMatch(/^[^\n]*\[y\/N\] $/);
  expect(failureLines(new BuildFailed(HOSTILE)).join("\n")).not.toMatch(FORGED);
});

test("JSON keeps every character, and none of them controls a terminal", () => {
  const text = jsonText({ text: HOSTILE });
  expect(text).not.toMatch(CONTROLS);
  expect(JSON.parse(text)).toEqual({ text: HOSTILE });
});

test("a log line of colours is the same on a terminal", () => {
  expect(logLine("\u001B[36mINFO\u001B[0m x", { write: () => true, isTTY: true })).toBe("\u001B[36mINFO\u001B[0m x");
});
