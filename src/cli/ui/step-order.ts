/** The order in which a log tells steps that run at the same time: one step at a time, as docker does (buildkit util/progress/progressui: printer.go). */
import type { LogEvent, StepEvent } from "../../events.ts";
import { isShownLater } from "./step-book.ts";

/** How long a step waits for its turn while another one runs. */
const TURN_MS = 5000;
/** A step that runs again without printing is told again only if that took so long. BuildKit does so for some milliseconds. */
export const TOLD_AGAIN_MS = 1000;

type Told = StepEvent | LogEvent;

interface Waiting {
  readonly events: Told[];
  readonly since: number;
}

/** Each event comes out once, and those of a step in their order. */
export class StepOrder {
  readonly #now: () => number;
  /** The step whose turn it is. */
  #current: string | undefined;
  readonly #waiting = new Map<string, Waiting>();
  readonly #background = new Set<string>();
  /** Milliseconds of each step that has ended. */
  readonly #took = new Map<string, number>();
  /** The beginnings of runs that have printed nothing, of steps that had ended before. */
  readonly #again = new Map<string, Told>();

  /** @param now in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a step waits for its turn. */
  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** @returns what can be told now */
  add(event: Told): readonly Told[] {
    const { step } = event;
    if (step === undefined || isShownLater(event)) return [event];
    const events = this.#withBeginning(event, step);
    if (events.length === 0) return [];
    if (event.type === "step-started" && event.background === true) this.#background.add(step);
    const isFree = this.#current === undefined || this.#background.has(this.#current);
    if (isFree || step === this.#current) return this.#tell(step, events);
    const waiting = this.#waiting.get(step) ?? { events: [], since: this.#now() };
    waiting.events.push(...events);
    this.#waiting.set(step, waiting);
    // What has ended is told whole, even while another step runs.
    return hasEnded(event) ? this.#tell(step, []) : [];
  }

  /** @returns what has waited long enough */
  due(): readonly Told[] {
    const now = this.#now();
    const [step] = [...this.#waiting].find(([, { since }]) => now - since >= TURN_MS) ?? [];
    return step === undefined ? [] : this.#tell(step, []);
  }

  /** @returns everything that waits */
  flush(): readonly Told[] {
    return [...this.#waiting.keys()].flatMap((step) => (this.#waiting.has(step) ? this.#tell(step, []) : []));
  }

  /** The event, and before the first line of another run the run's beginning. */
  #withBeginning(event: Told, step: string): Told[] {
    if (event.type === "step-started") {
      if (!this.#took.has(step)) return [event];
      this.#again.set(step, event);
      return [];
    }
    const beginning = this.#again.get(step);
    this.#again.delete(step);
    const before = this.#took.get(step) ?? 0;
    if (event.type === "step-done" || event.type === "step-failed") this.#took.set(step, event.ms);
    if (beginning === undefined) return [event];
    const isQuick = event.type === "step-done" && event.ms - before < TOLD_AGAIN_MS;
    return isQuick ? [] : [beginning, event];
  }

  #tell(step: string, events: readonly Told[]): Told[] {
    const told = [...(this.#waiting.get(step)?.events ?? []), ...events];
    this.#waiting.delete(step);
    const last = told.at(-1);
    this.#current = last !== undefined && hasEnded(last) ? undefined : step;
    const next = this.#current === undefined ? this.#next() : undefined;
    return next === undefined ? told : [...told, ...this.#tell(next, [])];
  }

  /** The step with the most to tell; of several, the one that waits longest. */
  #next(): string | undefined {
    let found: string | undefined;
    let most = 0;
    for (const [step, { events }] of this.#waiting) {
      if (events.length <= most) continue;
      found = step;
      most = events.length;
    }
    return found;
  }
}

function hasEnded({ type }: Told): boolean {
  return type === "step-done" || type === "step-failed";
}
