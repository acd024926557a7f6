/** Waits between attempts. */

export interface BackoffOptions {
  /** The first wait in milliseconds. */
  readonly first?: number;
  /** The longest wait, in milliseconds. */
  readonly limit?: number;
  /** Source of the jitter: a number from 0 to 1. */
  readonly random?: () => number;
}

/** Waits that double up to a limit. Each is random within its upper half, so that many clients do not retry at once. */
export class Backoff {
  readonly #first: number;
  readonly #limit: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ first = 200, limit = 10_000, random = Math.random }: BackoffOptions = {}) {
    this.#first = first;
    this.#limit = limit;
    this.#random = random;
  }

  /** Number of failures since the start or the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts one more failure and returns the wait after it, in milliseconds. */
  next(): number {
    const full = Math.min(this.#limit, this.#first * 2 ** this.#failures);
    this.#failures += 1;
    return full * (0.5 + 0.5 * this.#random());
  }

  /** Call after a success: the next wait is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/**
 * Waits for this many milliseconds.
 * @throws the signal's reason, as soon as it is aborted
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
