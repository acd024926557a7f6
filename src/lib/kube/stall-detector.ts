/** Notices that a log has gone silent, and what that means. */

/** After so many milliseconds without a byte, the container is asked after: its end may have been lost on the way. */
const SILENCE = 15_000;

/** A stream that is silent for so long, in milliseconds, is opened anew: it may be dead, or stuck at a rotated file. */
const DEAD = 120_000;

/** By both clocks: one goes on while a machine sleeps, whose connections are dead then; the other cannot be set back. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** Cuts a stream that has been silent for too long. Time in which the reader of the lines is busy does not count. */
export class StallDetector {
  readonly #cut = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #since: Moment | undefined;

  constructor(ended: (() => Promise<boolean> | boolean) | undefined) {
    this.#timer = setInterval(() => void this.#check(ended), SILENCE / 3);
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  begin(): void {
    this.#since = { monotonic: performance.now(), wall: Date.now() };
  }

  pause(): void {
    this.#since = undefined;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#cut.abort();
  }

  async #check(ended: (() => Promise<boolean> | boolean) | undefined): Promise<void> {
    const since = this.#since;
    if (since === undefined) return;
    const silent = Math.max(performance.now() - since.monotonic, Date.now() - since.wall);
    if (silent > DEAD) this.#cut.abort();
    if (silent < SILENCE || ended === undefined) return;
    // A failure to answer is reported where the stream's end is: here, it only means not to know.
    const over = await (async () => ended())().catch(() => false);
    if (over && this.#since === since) this.#cut.abort();
  }
}
