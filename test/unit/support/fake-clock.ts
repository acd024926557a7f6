/** A clock that a test sets, for requests over real connections: waits and `AbortSignal.timeout` go by it, the bytes do not. */
import { IncomingMessage } from "node:http";
import { setTimeout as realTimeout } from "node:timers/promises";
import { afterAll, beforeAll, vi } from "vitest";

export interface FakeClock {
  advance(milliseconds: number): Promise<void>;
  /** Runs `send` and resolves when the client has the next piece of a body. */
  untilReceived(send: () => void): Promise<void>;
  /** Lets time pass until the promise has ended, at most an hour of it. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

const STEP_MS = 1000;
const MOST_STEPS = 3600;

/** For a whole test file. */
export function useFakeClock(): FakeClock {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      const controller = new AbortController();
      setTimeout(
        () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
        milliseconds,
      );
      return controller.signal;
    });
  });
  afterAll(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  const advance = async (milliseconds: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(milliseconds);
  };
  return {
    advance,
    async untilReceived(send) {
      const push = vi.spyOn(IncomingMessage.prototype, "push");
      send();
      await vi.waitUntil(() => push.mock.calls.some(([chunk]) => chunk !== null), { interval: 1 });
      push.mockRestore();
    },
    async settle(promise) {
      const ended = new AbortController();
      const end = (): void => ended.abort();
      promise.then(end, end);
      for (let step = 0; step < MOST_STEPS && !ended.signal.aborted; step += 1) {
        // Bytes and what threads decompress take real time: on a fast machine the hour was over before they came.
        await realTimeout(1);
        await advance(STEP_MS);
      }
      if (!ended.signal.aborted) throw new Error("it did not end in an hour of the fake clock");
      return promise;
    },
  };
}
