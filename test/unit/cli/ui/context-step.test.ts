import { describe, expect, it } from "vitest";
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

describe("a BuildKit in the pod, which reads the context there", () => {
  const timestamp = clock().toISOString();
  const packed: BuildEvent[] = [
    { type: "stage-started", stage: "pack" },
    { type: "stage-started", stage: "ship" },
    { type: "stage-done", stage: "pack", ms: 0 },
    { type: "stage-done", stage: "ship", ms: 0, bytes: 3_000_000 },
  ];
  const reading = (name: string, step = "4"): BuildEvent[] => [
    { type: "step-started", step, name, timestamp },
    {
      type: "step-status",
      step,
      text: "transferring context: 928B done",
      id: "transferring context:",
      done: true,
      timestamp,
    },
    { type: "log", step, line: "a line", container: "build", timestamp },
    { type: "step-done", step, cached: true, ms: 200, timestamp },
  ];

  it.each(["[internal] load build context", "[linux/arm64 internal] load build context"])(
    "%s is a further run of slipway's step, which has told the transfer",
    (name) => {
      const step = new ContextStep(() => 0, clock);
      packed.flatMap((event) => step.translate(event));
      expect(reading(name).flatMap((event) => step.translate(event))).toEqual([
        { type: "step-started", step: "context", name: "[internal] load build context", timestamp },
        { type: "log", step: "context", line: "a line", container: "build", timestamp },
        { type: "step-done", step: "context", cached: false, ms: 200, timestamp },
      ]);
    },
  );

  it("two that overlap, one for each platform, are one run", () => {
    const step = new ContextStep(() => 0, clock);
    packed.flatMap((event) => step.translate(event));
    const [first = [], second = []] = ["amd64", "arm64"].map((arch) =>
      reading(`[linux/${arch} internal] load build context`, arch),
    );
    const events = [first[0], second[0], first[3], second[3]].flatMap((event) => event ?? []);
    expect(events.flatMap((event) => step.translate(event)).map(wordsOf)).toEqual(["step-started", "step-done 200"]);
  });

  it("its failure is the step's", () => {
    const step = new ContextStep(() => 0, clock);
    packed.flatMap((event) => step.translate(event));
    const [start] = reading("[internal] load build context");
    const failed: BuildEvent = { type: "step-failed", step: "4", error: "no", ms: 5, timestamp };
    expect([start, failed].flatMap((event) => (event === undefined ? [] : step.translate(event)))[1]).toEqual({
      ...failed,
      step: "context",
    });
  });

  it("is BuildKit's own step where slipway packs and sends nothing, as with --keep", () => {
    const step = new ContextStep(() => 0, clock);
    const events = reading("[internal] load build context");
    expect(events.flatMap((event) => step.translate(event))).toEqual(events);
  });

  it("other steps of the builder stay as they are", () => {
    const step = new ContextStep(() => 0, clock);
    packed.flatMap((event) => step.translate(event));
    const events = reading("[internal] load build definition from Dockerfile");
    expect(events.flatMap((event) => step.translate(event))).toEqual(events);
  });
});
