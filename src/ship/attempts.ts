/** Tries a transfer again when the connection was to blame. */
import { setTimeout as pause } from "node:timers/promises";
import { ClusterError, SlipwayError } from "../errors.ts";
import type { PodSession } from "./pod-session.ts";

export const MAX_ATTEMPTS = 3;

/** No further attempt can end otherwise. */
export class NotRetryable extends ClusterError {}

export interface Attempts {
  /** Milliseconds before the second attempt, and twice that before the third. */
  readonly pauseMs: number;
  /** Asked after each failure. @throws what is to be reported if no attempt can succeed any more */
  readonly check?: () => Promise<void>;
  /** Told of each failure that is followed by another attempt. @param next the number of that attempt, from 2 */
  readonly onRetry: (error: unknown, next: number) => void;
}

export type Attempted<T> =
  | { readonly kind: "done"; readonly value: T; readonly attempts: number }
  /** All attempts failed, the last one with this error. */
  | { readonly kind: "exhausted"; readonly error: unknown };

/**
 * @param work one attempt, from its start
 * @throws at once what another attempt cannot cure: the user's abort, NotRetryable, and every error that is not about the cluster,
 *   such as a file that cannot be read or a missing right
 */
export async function withAttempts<T>(
  { signal }: Pick<PodSession, "signal">,
  { pauseMs, check, onRetry }: Attempts,
  work: () => Promise<T>,
): Promise<Attempted<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { kind: "done", value: await work(), attempts: attempt };
    } catch (error) {
      const hopeless = error instanceof SlipwayError && !(error instanceof ClusterError);
      if (signal.aborted || hopeless || error instanceof NotRetryable) throw error;
      await check?.();
      if (attempt === MAX_ATTEMPTS) return { kind: "exhausted", error };
      onRetry(error, attempt + 1);
      await pause(attempt * pauseMs, undefined, { signal });
    }
  }
}
