import { formatBytes, formatElapsed } from "../../lib/text/measures.ts";

/** Rates are taken over this many milliseconds: long enough to be calm, short enough to notice a stall. */
const WINDOW = 3000;

/** Bytes on their way, and how fast. */
export class Upload {
  #samples: { at: number; sent: number }[] = [];
  #sent = 0;
  #total: number | undefined;

  /** Note how much has been sent at a time in milliseconds. A smaller count than before is a new attempt. */
  advance(sent: number, total: number | undefined, at: number): void {
    if (sent < this.#sent) this.#samples = [];
    this.#sent = sent;
    this.#total = total;
    this.#samples.push({ at, sent });
    // One sample older than the window stays, so that the rate spans all of it.
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) < at - WINDOW) this.#samples.shift();
  }

  /** Bytes per second over the last seconds; undefined while there is nothing to measure. */
  rate(now: number): number | undefined {
    const first = this.#samples[0];
    if (first === undefined || now - first.at < 250) return undefined;
    return ((this.#sent - first.sent) / (now - first.at)) * 1000;
  }

  /** Share sent, 0 to 1; undefined while the whole is not known. */
  share(): number | undefined {
    if (this.#total === undefined || this.#total <= 0) return undefined;
    return Math.min(1, this.#sent / this.#total);
  }

  /** `48.1 MB of 120 MB`, `12 MB/s`, `6.0 s left`: most important first, unknown ones absent. */
  facts(now: number): string[] {
    const rate = this.rate(now);
    const facts = [formatBytes(this.#sent) + (this.#total === undefined ? "" : ` of ${formatBytes(this.#total)}`)];
    if (rate === undefined) return facts;
    facts.push(`${formatBytes(rate)}/s`);
    if (this.#total !== undefined && rate > 0) {
      const left = Math.ceil(Math.max(0, this.#total - this.#sent) / rate);
      facts.push(`${left < 60 ? `${left} s` : formatElapsed(left * 1000)} left`);
    }
    return facts;
  }
}
