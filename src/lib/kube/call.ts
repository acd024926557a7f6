/** One call of the API: sends it, retries if that is safe, and turns a refusal into an error. */
import type { V1Status } from "@kubernetes/client-node";
import { Backoff, pause } from "./backoff.ts";
import type { ClusterLocation, Attempt } from "./refusal.ts";
import { mayBePremature, refuse } from "./refusal.ts";
import { readStatus } from "./status.ts";
import { explainNetwork, isPassing, isUnsent } from "./unreachable.ts";
import type { Answer, Request, HttpClient } from "./http-client.ts";

/** Attempts on a server that has never answered. With the waits in between, it may be down for two seconds. */
const MAX_ATTEMPTS = 5;

/** Retries on a server that has answered before last this long: time for an API server to be restarted or replaced. */
export const RESTART_TIMEOUT_MS = 60_000;

/** Longest wait that a server's Retry-After can ask for. */
const MAX_RETRY_AFTER_MS = 15_000;

export interface Call extends Attempt, Request {
  /** Whether sending it twice has the same effect as once. */
  readonly repeatable: boolean;
}

/** Errors of calls that may have had their effect in an earlier attempt whose answer was lost. */
const REPEATED = new WeakSet<object>();

/** Whether an earlier attempt of the call that failed with this error may have had its effect. */
export function wasRepeated(error: unknown): boolean {
  return typeof error === "object" && error !== null && REPEATED.has(error);
}

/**
 * Makes a call and returns the result of `read` for its 2xx answer.
 * @throws AuthError or ClusterError, with an ApiError as `cause` if the API server refused; the signal's reason when aborted
 */
export async function call<T>(
  http: HttpClient,
  location: ClusterLocation,
  request: Call,
  read: (answer: Answer) => T | Promise<T>,
): Promise<T> {
  const backoff = new Backoff({ first: 150, limit: 1500 });
  const started = performance.now();
  let repeated = false;
  for (;;) {
    request.signal?.throwIfAborted();
    const last = http.answered
      ? performance.now() - started > RESTART_TIMEOUT_MS
      : backoff.failures >= MAX_ATTEMPTS - 1;
    let refusal: { readonly status: V1Status; readonly wait: number | undefined };
    try {
      const answer = await http.send(request);
      if (answer.statusCode >= 200 && answer.statusCode < 300) {
        const value = await read(answer);
        http.answered = true;
        return value;
      }
      const status = await readStatus(answer.statusCode, answer.body);
      const early = http.settling && mayBePremature(status);
      const wait = last && !early ? undefined : waitFor(answer, request, backoff, early);
      refusal = { status, wait };
      repeated ||= wait !== undefined && answer.statusCode !== 429 && !early;
    } catch (error) {
      request.signal?.throwIfAborted();
      const safe = request.repeatable || isUnsent(error);
      if (last || !safe || !isPassing(error)) throw explainNetwork(error, location);
      repeated ||= !isUnsent(error);
      await pause(backoff.next(), request.signal);
      continue;
    }
    request.signal?.throwIfAborted();
    if (refusal.wait === undefined) {
      const error = refuse(refusal.status, request, location);
      if (repeated) REPEATED.add(error);
      throw error;
    }
    await pause(refusal.wait, request.signal);
  }
}

/** The wait before the next attempt, in milliseconds; undefined if another attempt would not help or not be safe. */
function waitFor(
  { statusCode, headers }: Answer,
  { repeatable }: Call,
  backoff: Backoff,
  early: boolean,
): number | undefined {
  // 429 comes from the server's queue (API priority and fairness): the request was not processed.
  const busy = statusCode === 429 || early;
  const failed = statusCode === 502 || statusCode === 503 || statusCode === 504;
  if (!busy && !(failed && repeatable)) return undefined;
  const asked = Number(headers["retry-after"]) * 1000;
  const own = backoff.next();
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, MAX_RETRY_AFTER_MS) : own;
}
