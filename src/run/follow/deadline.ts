/** The client's own copy of the build's time limit. */
import { timedOut } from "./pod-failure.ts";

/** How much later than the Job's deadline, which normally comes first. */
const GRACE_SECONDS = 30;

/** For a client whose cluster no longer answers: it cannot see that the Job's deadline passed. */
export function clientDeadline(timeoutSeconds: number): { readonly signal: AbortSignal; [Symbol.dispose](): void } {
  const controller = new AbortController();
  const error = timedOut(timeoutSeconds);
  const milliseconds = (timeoutSeconds + GRACE_SECONDS) * 1000;
  // setTimeout takes at most 2^31-1 ms; a longer limit (24 days) is left to the Job.
  const timer = milliseconds < 2 ** 31 ? setTimeout(() => controller.abort(error), milliseconds).unref() : undefined;
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
