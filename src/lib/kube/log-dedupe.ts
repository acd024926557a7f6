/**
 * Removes repeated lines when a log is read again from a point before the cut. The API resumes by whole seconds,
 * inclusive, so lines come twice. Equal timestamps are common, and standard output and standard error get theirs before
 * they are merged, so a later line may have an earlier one. For this reason, lines are counted by timestamp, for the latest
 * second and the one before it. Timestamps are normalised first, so that they compare as text.
 */

export class SeenLines {
  /** Number of lines by timestamp, by second; at most two seconds. */
  readonly #seconds = new Map<string, Map<string, number>>();
  /** Lines that a resumed stream may still repeat. */
  #repeats = new Map<string, number>();
  #since: string | undefined;
  #latest = "";
  /** Timestamps of the last new line, and of the last one before the stream was resumed, until it has come again. */
  #last = "";
  #awaited: string | undefined;
  #gap = false;

  /** The point to resume from, a whole second; undefined for the start. */
  get since(): string | undefined {
    return this.#since;
  }

  /**
   * Whether lines may be missing before the last new one: the resumed stream did not repeat the last line of the stream
   * before it, so that line is no longer in the file. True once for each gap.
   */
  takeGap(): boolean {
    const gap = this.#gap;
    this.#gap = false;
    return gap;
  }

  /** Call before a new stream from `since`: it repeats the lines from there on. */
  resume(): void {
    this.#awaited = this.#since !== undefined && secondOf(this.#last) >= this.#since ? this.#last : undefined;
    this.#repeats = new Map();
    for (const stamps of this.#seconds.values()) {
      for (const [stamp, count] of stamps) this.#repeats.set(stamp, count);
    }
  }

  /** Whether a line with this timestamp is new. Counts it. */
  admit(stamp: string): boolean {
    const repeats = this.#repeats.get(stamp);
    if (repeats !== undefined && repeats > 0) {
      this.#repeats.set(stamp, repeats - 1);
      if (stamp === this.#awaited) this.#awaited = undefined;
      return false;
    }
    // A server that does not know sinceTime starts from the beginning.
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

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** The form on nearly every node: UTC, nine digits. k8s.io/kubernetes/pkg/kubelet/types/constants.go, RFC3339NanoFixed */
const LENGTH = "2006-01-02T15:04:05.000000000Z".length;

/**
 * A timestamp in UTC with nine digits: nodes use their own time zone, and its offset may change during a build.
 * Undefined for any other text.
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

/** The whole second of a normalised timestamp, in the form of sinceTime. */
export function secondOf(stamp: string): string {
  return `${stamp.slice(0, 19)}Z`;
}

/** The whole second before that one. */
export function secondBefore(second: string): string {
  return `${new Date(Date.parse(second) - 1000).toISOString().slice(0, 19)}Z`;
}
