import { expect, it } from "vitest";
import { PlatformEvents } from "../../../../src/app/build/platforms/platform-events.ts";
import type { BuildEvent } from "../../../../src/events.ts";

const [AMD, ARM] = ["linux/amd64", "linux/arm64"] as const;
const timestamp = "2026-01-01T00:00:00Z";

function merged(play: (of: (platform: string) => (event: BuildEvent) => void) => void): BuildEvent[] {
  const events: BuildEvent[] = [];
  const platforms = new PlatformEvents((event) => events.push(event), [AMD, ARM], "slipway-app-x");
  play((platform) => platforms.of(platform));
  return events;
}

it("names the platform in each step, as BuildKit does", () => {
  const names = merged((of) => {
    of(ARM)({ type: "step-started", step: "4", name: "[build 3/7] RUN make", timestamp });
    of(AMD)({ type: "step-started", step: "4", name: "exporting to image", timestamp });
  }).map((event) => (event.type === "step-started" ? [event.step, event.name] : []));
  expect(names).toEqual([
    ["linux/arm64 4", "[linux/arm64 build 3/7] RUN make"],
    ["linux/amd64 4", "[linux/amd64] exporting to image"],
  ]);
});

it("keeps the steps of two platforms apart", () => {
  const steps = merged((of) => {
    for (const platform of [AMD, ARM]) {
      of(platform)({ type: "log", line: "hi", container: "buildkit", step: "4", timestamp });
      of(platform)({ type: "step-done", step: "4", cached: false, ms: 1, timestamp });
      of(platform)({ type: "step-failed", step: "5", error: "no", ms: 1, timestamp });
      of(platform)({ type: "step-status", step: "6", text: "", id: "", done: true, timestamp });
    }
  }).map((event) => ("step" in event ? event.step : ""));
  expect(new Set(steps).size).toBe(6);
});

it("names the platform in messages, and in lines that belong to no step", () => {
  const events = merged((of) => {
    of(ARM)({ type: "waiting", message: "waiting for a node" });
    of(AMD)({ type: "log", line: "INFO hello", container: "kaniko", timestamp });
  });
  expect(events).toMatchObject([
    { type: "waiting", message: "linux/arm64: waiting for a node" },
    { type: "log", line: "[linux/amd64] INFO hello" },
  ]);
});

it("tells a note or a warning of all platforms once, with their names", () => {
  const warning = { type: "warning", message: "old", suggestions: ["renew"] } as const;
  const note = { type: "note", message: "chosen" } as const;
  const events = merged((of) => {
    for (const platform of [ARM, AMD]) {
      of(platform)(warning);
      of(platform)(note);
    }
  });
  expect(events).toEqual([
    { ...warning, message: "linux/amd64, linux/arm64: old" },
    { ...note, message: "linux/amd64, linux/arm64: chosen" },
  ]);
});

it("tells the warning of one platform when the others have come further, or have ended", () => {
  const events: BuildEvent[] = [];
  const platforms = new PlatformEvents((event) => events.push(event), [AMD, ARM], "slipway-app-x");
  const messages = (): string[] => events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  platforms.of(ARM)({ type: "stage-started", stage: "pack" });
  platforms.of(ARM)({ type: "warning", message: "early" });
  platforms.of(AMD)({ type: "stage-started", stage: "pack" });
  expect(messages()).toEqual([]);
  platforms.of(AMD)({ type: "stage-started", stage: "create" });
  expect(messages()).toEqual(["linux/arm64: early"]);
  platforms.of(AMD)({ type: "warning", message: "late" });
  expect(messages()).toHaveLength(1);
  platforms.ended(ARM);
  expect(messages()).toEqual(["linux/arm64: early", "linux/amd64: late"]);
});

it("starts a stage with the first platform and ends it with the last one", () => {
  const events = merged((of) => {
    of(AMD)({ type: "stage-started", stage: "ship" });
    of(ARM)({ type: "stage-started", stage: "ship" });
    of(AMD)({ type: "stage-done", stage: "ship", ms: 1, bytes: 10 });
    of(AMD)({ type: "stage-started", stage: "build" });
    of(ARM)({ type: "stage-done", stage: "ship", ms: 1, bytes: 20 });
  });
  expect(events.map((event) => [event.type, "stage" in event ? event.stage : ""])).toEqual([
    ["stage-started", "ship"],
    ["stage-started", "build"],
    ["stage-done", "ship"],
  ]);
  expect(events.at(-1)).toMatchObject({ bytes: 30 });
});

it("fails a stage once, and does not end it then", () => {
  const events = merged((of) => {
    of(AMD)({ type: "stage-started", stage: "build" });
    of(AMD)({ type: "stage-failed", stage: "build", ms: 1 });
    of(ARM)({ type: "stage-failed", stage: "build", ms: 1 });
    of(ARM)({ type: "stage-done", stage: "build", ms: 1 });
  });
  expect(events.map(({ type }) => type)).toEqual(["stage-started", "stage-failed"]);
});

it("adds up the bytes that are sent", () => {
  const sent = merged((of) => {
    of(AMD)({ type: "upload", sent: 5 });
    of(ARM)({ type: "upload", sent: 7 });
    of(AMD)({ type: "upload", sent: 9 });
  }).map((event) => (event.type === "upload" ? event.sent : 0));
  expect(sent).toEqual([5, 12, 16]);
});

it("multiplies the bytes to send by the pods that get them", () => {
  const events: BuildEvent[] = [];
  const platforms = new PlatformEvents((event) => events.push(event), [AMD, ARM], "web-1a2b");
  platforms.ofPacking({ type: "upload-size", bytes: 100 });
  platforms.ofPacking({ type: "stage-done", stage: "pack", ms: 1, bytes: 100 });
  expect(events).toEqual([
    { type: "upload-size", bytes: 200 },
    { type: "stage-done", stage: "pack", ms: 1, bytes: 100 },
  ]);
});

it("does not report the image of one platform as the result", () => {
  const result = { name: "a", builder: "kaniko", digest: "sha256:x", references: [] };
  expect(merged((of) => of(AMD)({ type: "built", result }))).toEqual([]);
});
