import { afterEach, expect, it, vi } from "vitest";
import { TimedOut } from "../../../../src/errors.ts";
import { clientDeadline } from "../../../../src/run/follow/deadline.ts";

afterEach(() => vi.useRealTimers());

it("passes a while after the Job's own, which is the one to be seen", () => {
  vi.useFakeTimers();
  using deadline = clientDeadline(60);
  vi.advanceTimersByTime(61_000);
  expect(deadline.signal.aborted).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(deadline.signal.reason).toBeInstanceOf(TimedOut);
});

it("is left to the Job where it is further off than a timer can count", () => {
  vi.useFakeTimers();
  using deadline = clientDeadline(90 * 86_400);
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(deadline.signal.aborted).toBe(false);
});
