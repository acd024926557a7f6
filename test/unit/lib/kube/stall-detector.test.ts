import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StallDetector } from "../../../../src/lib/kube/stall-detector.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

it("cuts a stream after two minutes without a byte, and no sooner", async () => {
  const silence = new StallDetector(() => false);
  silence.begin();
  await vi.advanceTimersByTimeAsync(115_000);
  expect(silence.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(silence.signal.aborted).toBe(true);
});

it("does so also when the clock is set back meanwhile", async () => {
  const silence = new StallDetector(() => false);
  silence.begin();
  vi.setSystemTime(new Date("2025-12-31T12:00:00Z"));
  await vi.advanceTimersByTimeAsync(125_000);
  expect(silence.signal.aborted).toBe(true);
});

it("does so at once after a sleep, which only the clock knows of", async () => {
  const silence = new StallDetector(() => false);
  silence.begin();
  vi.setSystemTime(new Date("2026-01-01T13:00:00Z"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(silence.signal.aborted).toBe(true);
});

it("lets a reader be busy", async () => {
  const silence = new StallDetector(() => false);
  silence.begin();
  silence.pause();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(silence.signal.aborted).toBe(false);
  silence.end();
});

it("asks after the container once it has been silent for a while", async () => {
  let over = false;
  const silence = new StallDetector(() => over);
  silence.begin();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(silence.signal.aborted).toBe(false);
  over = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(silence.signal.aborted).toBe(true);
});
