import { beforeEach, expect, it } from "vitest";
import type { BuildEvent } from "../../../src/events.ts";
import { Stages } from "../../../src/run/stages.ts";

let events: BuildEvent[];
let stages: Stages;

beforeEach(() => {
  events = [];
  stages = new Stages((event) => events.push(event));
});

const MS = expect.any(Number) as number;

it("reports the start and the end of each stage once, with its duration", () => {
  stages.start("ship", "stream");
  stages.start("ship", "again");
  stages.done("ship", undefined, 12);
  stages.done("ship");
  expect(events).toEqual([
    { type: "stage-started", stage: "ship", detail: "stream" },
    { type: "stage-done", stage: "ship", ms: MS, bytes: 12 },
  ]);
});

it("does not report the end of a stage that never started", () => {
  stages.done("build");
  stages.fail();
  expect(events).toEqual([]);
});

it("reports only running stages as failed", () => {
  stages.start("create");
  stages.done("create");
  stages.start("schedule");
  stages.start("ship");
  stages.fail();
  stages.fail();
  expect(events.filter(({ type }) => type === "stage-failed")).toEqual([
    { type: "stage-failed", stage: "schedule", ms: MS },
    { type: "stage-failed", stage: "ship", ms: MS },
  ]);
});

it("reports each reason why the pod waits once", () => {
  stages.observe({ kind: "gated" });
  stages.observe({ kind: "unscheduled", message: "" });
  stages.observe({ kind: "unscheduled", message: "0/3 nodes" });
  stages.observe({ kind: "unscheduled", message: "0/3 nodes" });
  stages.observe({ kind: "starting", node: "a" });
  expect(events).toEqual([
    { type: "waiting", message: "waiting for a node: 0/3 nodes" },
    { type: "waiting", message: "starting the pod on node a" },
  ]);
});

it.each([[["receiving", "building"]], [["building"]], [["ended"]]] as const)(
  "reports from the pod's state that it is scheduled and builds: %s",
  (kinds) => {
    stages.start("schedule");
    for (const kind of kinds) {
      stages.observe(kind === "ended" ? { kind, exitCode: 0, reason: "", message: "", deleted: false } : { kind });
    }
    expect(events).toEqual([
      { type: "stage-started", stage: "schedule" },
      { type: "stage-done", stage: "schedule", ms: MS },
      { type: "stage-started", stage: "build" },
    ]);
  },
);
