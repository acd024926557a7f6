/** What a row of the benchmark is, and how two ways to do a thing are compared. */

export type Unit = "ms" | "bytes";

export interface Goal {
  /** The ratio to reach; where there is nothing to compare with, the most it may be, in `unit`. */
  readonly goal: number;
  /** What must never be reached. */
  readonly limit?: number;
}

/** Of what was measured round by round, in the comparison's unit. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Comparison extends Goal {
  readonly what: string;
  readonly against: string;
  readonly unit: Unit;
  readonly rounds: number;
  readonly slipway: Spread;
  /** Absent where the goal is no ratio. */
  readonly other?: Spread;
  /** What is held against the goal: the ratio of the medians, or slipway's median itself. */
  readonly value: number;
}

/** A comparison that could not be made here: never a goal met. */
export interface Unmeasured extends Goal {
  readonly what: string;
  readonly against: string;
  /** Why, and what to do about it: `not compiled; test/cluster/program buildx buildx`. */
  readonly missing: string;
}

export type Result = Comparison | Unmeasured;

export interface Row {
  /** As it is asked for on the command line. */
  readonly name: string;
  /** How often each way is measured unless the command line says otherwise. */
  readonly rounds: number;
  measure(rounds: number): Promise<Result[]>;
}

/** Does a thing once and answers with the milliseconds it took, or the bytes. */
export type Way = () => Promise<number>;

export interface Contest extends Goal {
  readonly what: string;
  readonly against: string;
  readonly slipway: Way;
  readonly other: Way;
}

/**
 * Takes turns, and each round in the other order, so that whatever else the machine does meets both alike. The first round of
 * all only warms up caches.
 */
export async function compare(rounds: number, { slipway, other, ...rest }: Contest): Promise<Comparison> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const turns: [Way, number[]][] = [
      [slipway, ours],
      [other, theirs],
    ];
    for (const [way, times] of round % 2 === 0 ? turns : turns.toReversed()) {
      const took = await way();
      if (round > 0) times.push(took);
    }
  }
  return ratioOf({ ...rest, unit: "ms" }, ours, theirs);
}

type About = Pick<Comparison, "what" | "against" | "unit" | "goal" | "limit">;

export function ratioOf(about: About, ours: readonly number[], theirs: readonly number[]): Comparison {
  const slipway = spreadOf(ours);
  const other = spreadOf(theirs);
  return { ...about, rounds: ours.length, slipway, other, value: slipway.median / other.median };
}

/** For a goal that is a number of milliseconds or bytes. */
export function absolute(about: About, values: readonly number[]): Comparison {
  const slipway = spreadOf(values);
  return { ...about, rounds: values.length, slipway, value: slipway.median };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
  return { median, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}
