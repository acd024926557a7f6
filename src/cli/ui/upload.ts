import { formatBytes, formatElapsed } from "../../lib/text/measures.ts";

/** The rate is measured over this time: long enough to be steady, short enough to show a stall. */
const WINDOW_MS = 3000;
/** No rate is shown before this time, as it would be a guess. */
const FIRST_RATE_MS = 250;

/** How much of an upload is sent, and its rate. */
export class Upload {
  #samples: { at: number; sent: number }[] = [];
  #sent = 0;
  #total: number | undefined;

  /** @param total bytes to send in all, as far as is known now */
  expect(total: number | undefined): void {
    this.#total = total;
  }

  /** @param at in milliseconds. A smaller count than before means a new attempt. */
  advance(sent: number, at: number): void {
    if (sent < this.#sent) this.#samples = [];
    this.#sent = sent;
    this.#samples.push({ at, sent });
    // One sample older than the window stays, so that the rate covers the whole window.
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second over the window; undefined while there are too few samples. */
  rate(now: number): number | undefined {
    const first = this.#samples[0];
    if (first === undefined || now - first.at < FIRST_RATE_MS) return undefined;
    return ((this.#sent - first.sent) / (now - first.at)) * 1000;
  }

  /** Fraction that is sent, 0 to 1; undefined while the total is unknown. */
  fraction(): number | undefined {
    if (this.#total === undefined || this.#total <= 0) return undefined;
    return Math.min(1, this.#sent / this.#total);
  }

  /** `48.1 MB of 120 MB`, `40 %`, `12 MB/s`, `6.0 s left`: most important first, without unknown ones. */
  facts(now: number): string[] {
    const rate = this.rate(now);
    const fraction = this.fraction();
    const facts = [formatBytes(this.#sent) + (this.#total === undefined ? "" : ` of ${formatBytes(this.#total)}`)];
    if (fraction !== undefined) facts.push(`${Math.floor(fraction * 100)} %`);
    if (rate === undefined) return facts;
    facts.push(`${formatBytes(rate)}/s`);
    if (this.#total !== undefined && rate > 0) {
      const left = Math.ceil(Math.max(0, this.#total - this.#sent) / rate);
      facts.push(`${left < 60 ? `${left} s` : formatElapsed(left * 1000)} left`);
    }
    return facts;
  }
}
