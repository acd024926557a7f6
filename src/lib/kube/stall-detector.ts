/** Detects that a log stream has stalled. */

/** After this time without a byte, the container is checked: the stream's end may have been lost. */
const CHECK_AFTER_MS = 15_000;

/** After this time without a byte, the stream is opened again: it may be dead, or stuck at a rotated file. */
const REOPEN_AFTER_MS = 120_000;

/** Both clocks: the wall clock runs on while a machine sleeps, which kills its connections; the monotonic one cannot be set back. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** Aborts a stream that is silent for too long. Time in which the reader is busy does not count. */
export class StallDetector {
  readonly #cut = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #since: Moment | undefined;

  constructor(ended: (() => Promise<boolean> | boolean) | undefined) {
    this.#timer = setInterval(() => void this.#check(ended), CHECK_AFTER_MS / 3);
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
    if (silent > REOPEN_AFTER_MS) this.#cut.abort();
    if (silent < CHECK_AFTER_MS || ended === undefined) return;
    // Here, a failure only means that the state is unknown. It is reported at the end of the stream.
    const over = await (async () => ended())().catch(() => false);
    if (over && this.#since === since) this.#cut.abort();
  }
}
