import { afterEach, expect, it, vi } from "vitest";
import { TimedOut } from "../../../../src/errors.ts";
import { clientDeadline } from "../../../../src/run/follow/deadline.ts";

afterEach(() => vi.useRealTimers());

it("the client's deadline passes 30 s after the Job's, which normally comes first", () => {
  vi.useFakeTimers();
  using deadline = clientDeadline(60);
  vi.advanceTimersByTime(61_000);
  expect(deadline.signal.aborted).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(deadline.signal.reason).toBeInstanceOf(TimedOut);
});

it("the client has no deadline if it is too far away for a timer", () => {
  vi.useFakeTimers();
  using deadline = clientDeadline(90 * 86_400);
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(deadline.signal.aborted).toBe(false);
});
