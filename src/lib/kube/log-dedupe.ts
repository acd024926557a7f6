/**
 * Which lines of a log were seen already, for when it is read again from a point before the cut. The API resumes by
 * whole seconds, inclusive, so lines come twice; equal stamps are common, and standard output and standard error are
 * stamped before they are put in order, so a later line may have an earlier stamp. Hence a count for each stamp, over
 * the second of the latest one and the second before it.
 */

export class SeenLines {
  /** Lines by stamp, by second; two seconds at most. */
  readonly #seconds = new Map<string, Map<string, number>>();
  /** What a resumed stream may still repeat. */
  #repeats = new Map<string, number>();
  #since: string | undefined;
  #latest = "";
  /** The stamp of the line that was admitted last, and of the one before the stream was resumed, until that has come again. */
  #last = "";
  #awaited: string | undefined;
  #gap = false;

  /** Where to resume from: a whole second. Undefined: from the start. */
  get since(): string | undefined {
    return this.#since;
  }

  /**
   * Whether lines may be missing before the one admitted last: a resumed stream went on without first repeating the last
   * line of the one before it, so that line is no longer in the file that is read. True once for each gap.
   */
  takeGap(): boolean {
    const gap = this.#gap;
    this.#gap = false;
    return gap;
  }

  /** A new stream begins, from `since`: what was seen from there on is about to come again. */
  resume(): void {
    this.#awaited = this.#since !== undefined && secondOf(this.#last) >= this.#since ? this.#last : undefined;
    this.#repeats = new Map();
    for (const stamps of this.#seconds.values()) {
      for (const [stamp, count] of stamps) this.#repeats.set(stamp, count);
    }
  }

  /** Whether this line is new; it is remembered. */
  admit(stamp: string): boolean {
    const repeats = this.#repeats.get(stamp);
    if (repeats !== undefined && repeats > 0) {
      this.#repeats.set(stamp, repeats - 1);
      if (stamp === this.#awaited) this.#awaited = undefined;
      return false;
    }
    // A server that does not know sinceTime starts all over again.
    if (this.#repeats.size > 0 && this.#since !== undefined && secondOf(stamp) < this.#since) return false;
    if (this.#awaited !== undefined) this.#gap = true;
    this.#awaited = undefined;
    this.#last = stamp;
    this.#remember(stamp);
    return true;
  }

  #remember(stamp: string): void {
    const second = secondOf(stamp);
    if (second > this.#latest) {
      this.#latest = second;
      this.#since = secondBefore(second);
      for (const old of this.#seconds.keys()) {
        if (old < this.#since) this.#seconds.delete(old);
      }
    }
    if (this.#since !== undefined && second < this.#since) return;
    const stamps = this.#seconds.get(second) ?? new Map<string, number>();
    this.#seconds.set(second, stamps);
    stamps.set(stamp, (stamps.get(stamp) ?? 0) + 1);
  }
}

// The time stamps at the start of log lines, brought to one form that can be compared as text.

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** What the kubelet writes on nearly every node: UTC, nine digits. k8s.io/kubernetes/pkg/kubelet/types/constants.go, RFC3339NanoFixed */
const LENGTH = "2006-01-02T15:04:05.000000000Z".length;

/**
 * A stamp in UTC with nine digits: nodes stamp in their own zone, and a zone may change its offset under a build.
 * Undefined if it is no stamp.
 */
export function normaliseStamp(text: string): string | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  if (text.length === LENGTH && text.endsWith("Z")) return text;
  const [, time = "", fraction = "", zone = ""] = match;
  const seconds = Date.parse(`${time}${zone}`);
  if (Number.isNaN(seconds)) return undefined;
  return `${new Date(seconds).toISOString().slice(0, 19)}.${fraction.padEnd(9, "0")}Z`;
}

/** The whole second a normalised stamp is in, as the API takes it for sinceTime. */
export function secondOf(stamp: string): string {
  return `${stamp.slice(0, 19)}Z`;
}

/** The whole second before that one. */
export function secondBefore(second: string): string {
  return `${new Date(Date.parse(second) - 1000).toISOString().slice(0, 19)}Z`;
}
