/** What the program waits for at the moment, so that its user can be told when that takes long. */

export interface Wait {
  /** A noun: `docker-credential-pass`, `registry.example.com`. */
  readonly what: string;
  /** When it began, in milliseconds, as performance.now(). */
  readonly since: number;
  /** What is waited for may ask on the terminal itself: nothing else may draw there. */
  readonly asks: boolean;
}

const running = new Set<Wait>();
let listener: (() => void) | undefined;

/** Waits for the work. @param what a noun that completes `waiting for` */
export async function waitFor<T>(what: string, work: () => Promise<T>, { asks = false } = {}): Promise<T> {
  const wait: Wait = { what, since: performance.now(), asks };
  running.add(wait);
  listener?.();
  try {
    return await work();
  } finally {
    running.delete(wait);
    listener?.();
  }
}

/** What takes longer than that; of several, the one that began last, as the others wait for it. */
export function longWait(milliseconds: number): Wait | undefined {
  const now = performance.now();
  return [...running].findLast(({ since }) => now - since >= milliseconds);
}

export function isWaiting(): boolean {
  return running.size > 0;
}

/** @param changed is called whenever a wait begins or ends; undefined: nobody listens any more */
export function onWaits(changed: (() => void) | undefined): void {
  listener = changed;
}
