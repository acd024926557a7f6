/** One call of the API: sent, sent again where that is safe, and its refusal turned into an error. */
import type { V1Status } from "@kubernetes/client-node";
import { Backoff, pause } from "./backoff.ts";
import type { ClusterLocation, Attempt } from "./refusal.ts";
import { mayBePremature, refuse } from "./refusal.ts";
import { readStatus } from "./status.ts";
import { explainNetwork, isPassing, isUnsent } from "./unreachable.ts";
import type { Answer, Request, HttpClient } from "./http-client.ts";

/** How often a call is sent at most to a server that has never answered: with the waits in between, it may be gone for two seconds. */
const TRIES = 5;

/** One that has answered before is coming back: so long, in milliseconds, an API server may take to be restarted or replaced. */
const RESTART = 60_000;

/** No wait that the server asks for is honoured beyond this, in milliseconds. */
const LONGEST_WAIT = 15_000;

export interface Call extends Attempt, Request {
  /** Sending it twice does what sending it once does. */
  readonly repeatable: boolean;
}

/** An error of a call that may have had its effect in an earlier try, whose answer was lost. */
const REPEATED = new WeakSet<object>();

/** Whether an earlier try of the call that failed with this may have had its effect. */
export function wasRepeated(error: unknown): boolean {
  return typeof error === "object" && error !== null && REPEATED.has(error);
}

/**
 * Makes a call and answers with what `read` makes of its 2xx answer.
 * @throws AuthError or ClusterError, with the API server's own words as `cause` if it was the one to refuse; the signal's reason when aborted.
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
    const last = http.answered ? performance.now() - started > RESTART : backoff.failures >= TRIES - 1;
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

/** How long to wait before sending it again, in milliseconds; undefined if that would not help or not be safe. */
function waitFor(
  { statusCode, headers }: Answer,
  { repeatable }: Call,
  backoff: Backoff,
  early: boolean,
): number | undefined {
  // 429 comes from the server's queue (API priority and fairness): nothing was done yet.
  const busy = statusCode === 429 || early;
  const failed = statusCode === 502 || statusCode === 503 || statusCode === 504;
  if (!busy && !(failed && repeatable)) return undefined;
  const asked = Number(headers["retry-after"]) * 1000;
  const own = backoff.next();
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, LONGEST_WAIT) : own;
}
