/** The time limit as the client sees it. */
import { timedOut } from "./pod-failure.ts";

/** For a client whose cluster went silent: the Job's own deadline cannot be seen then. */
export function clientDeadline(timeoutSeconds: number): { readonly signal: AbortSignal; [Symbol.dispose](): void } {
  const controller = new AbortController();
  const slack = 30;
  const error = timedOut(timeoutSeconds);
  const milliseconds = (timeoutSeconds + slack) * 1000;
  // setTimeout takes at most 2^31-1 ms; a limit beyond that (24 days) is left to the Job.
  const timer = milliseconds < 2 ** 31 ? setTimeout(() => controller.abort(error), milliseconds).unref() : undefined;
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
