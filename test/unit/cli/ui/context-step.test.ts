import { expect, it } from "vitest";
import { ContextStep } from "../../../../src/cli/ui/context-step.ts";
import type { BuildEvent } from "../../../../src/events.ts";

const clock = () => new Date("2026-01-01T00:00:00Z");

/** Each event of the step on a line. `wait` lets so many milliseconds pass. */
function told(...events: readonly (BuildEvent | { readonly wait: number })[]): string[] {
  let now = 0;
  const step = new ContextStep(() => now, clock);
  return events.flatMap((event) => {
    if ("wait" in event) now += event.wait;
    return "wait" in event ? [] : step.translate(event).map(wordsOf);
  });
}

function wordsOf(event: BuildEvent): string {
  if (event.type === "step-status") return event.text;
  return event.type === "step-done" || event.type === "step-failed" ? `${event.type} ${event.ms}` : event.type;
}

it("packing and transfer that overlap are one run of the step", () => {
  expect(
    told(
      { type: "stage-started", stage: "pack" },
      { type: "stage-started", stage: "ship" },
      { wait: 1000 },
      { type: "upload", sent: 2_000_000 },
      { type: "stage-done", stage: "pack", ms: 1000, bytes: 3_000_000, detail: "2 entries, 3 MB packed" },
      { wait: 500 },
      { type: "stage-done", stage: "ship", ms: 1500, bytes: 3_000_000 },
    ),
  ).toEqual([
    "step-started",
    "transferring context: 2 MB",
    "packing context: 2 entries, 3 MB packed 1.0s done",
    "transferring context: 3 MB 1.5s done",
    "step-done 1500",
  ]);
});

it("a transfer after the packing is another run, without the time between", () => {
  expect(
    told(
      { type: "stage-started", stage: "pack" },
      { wait: 100 },
      { type: "stage-done", stage: "pack", ms: 100 },
      { wait: 60_000 },
      { type: "stage-started", stage: "ship" },
      { wait: 200 },
      { type: "stage-done", stage: "ship", ms: 200 },
    ),
  ).toEqual([
    "step-started",
    "packing context: 0.1s done",
    "step-done 100",
    "step-started",
    "transferring context: 0.2s done",
    "step-done 300",
  ]);
});

it("bytes without a transfer of slipway's own are told by the builder", () => {
  expect(told({ type: "upload", sent: 5 })).toEqual([]);
});

it("the step fails once, and only if it was running", () => {
  expect(
    told(
      { type: "stage-failed", stage: "ship", ms: 1 },
      { type: "stage-started", stage: "pack" },
      { type: "stage-started", stage: "ship" },
      { wait: 7 },
      { type: "stage-failed", stage: "pack", ms: 7 },
      { type: "stage-failed", stage: "ship", ms: 7 },
    ),
  ).toEqual(["step-started", "step-failed 7"]);
});

it("other events stay as they are", () => {
  const events: BuildEvent[] = [
    { type: "stage-started", stage: "create", detail: "x" },
    { type: "stage-done", stage: "create", ms: 1 },
    { type: "stage-failed", stage: "schedule", ms: 1 },
    { type: "note", message: "m" },
  ];
  const step = new ContextStep(() => 0, clock);
  expect(events.flatMap((event) => step.translate(event))).toEqual(events);
});
