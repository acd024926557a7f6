/** How long to wait before trying again. */

export interface BackoffOptions {
  /** The first wait in milliseconds. */
  readonly first?: number;
  /** No wait is longer than this, in milliseconds. */
  readonly limit?: number;
  /** Where the jitter comes from: a number from 0 to 1. */
  readonly random?: () => number;
}

/** Waits that double up to a limit, each spread over its upper half so that many clients do not come back at once. */
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

  /** Failures since the start or the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts one more failure and answers how many milliseconds to wait after it. */
  next(): number {
    const full = Math.min(this.#limit, this.#first * 2 ** this.#failures);
    this.#failures += 1;
    return full * (0.5 + 0.5 * this.#random());
  }

  /** Something worked: the next wait is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/**
 * Waits that many milliseconds.
 * @throws the signal's reason, at once, when it is aborted.
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
