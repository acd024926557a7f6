/** Rows of the benchmark, and the comparison of two ways to do the same work. */

export type Unit = "ms" | "bytes";

export interface Goal {
  /** Highest ratio that meets the goal. Without a program to compare with, it is an amount in `unit`; infinite if there is no goal. */
  readonly goal: number;
  /** The benchmark fails if the value reaches this limit. Same unit as `goal`. */
  readonly limit?: number;
}

/** Statistics of the rounds, in the comparison's unit. */
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
  /** Absent if the goal is not a ratio. */
  readonly other?: Spread;
  /** The value to compare with the goal: the ratio of the medians, or slipway's median. */
  readonly value: number;
}

/** A comparison that is not possible on this machine. It never meets its goal. */
export interface Unmeasured extends Goal {
  readonly what: string;
  readonly against: string;
  /** The reason and the remedy: `buildx is not compiled, run test/cluster/program buildx buildx`. */
  readonly missing: string;
}

export type Result = Comparison | Unmeasured;

export interface Row {
  /** Name on the command line. */
  readonly name: string;
  /** Number of rounds without --rounds. */
  readonly rounds: number;
  measure(rounds: number): Promise<Result[]>;
}

/** Does the work once. @returns its milliseconds or bytes */
export type Way = () => Promise<number>;

export interface Contest extends Goal {
  readonly what: string;
  readonly against: string;
  readonly slipway: Way;
  readonly other: Way;
}

/**
 * Measures both ways alternately, and swaps their order in each round, so that other load on the machine affects both equally. The
 * first round is not counted, because it warms up caches.
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
    // A run that is cut off has shown what it had measured.
    const [mine, another] = [ours.at(-1), theirs.at(-1)].map((took) => took?.toFixed(0));
    if (round > 0) process.stderr.write(`  round ${round} of ${rounds}: ${mine} ms, the other ${another} ms\n`);
  }
  return ratioOf({ ...rest, unit: "ms" }, ours, theirs);
}

type About = Pick<Comparison, "what" | "against" | "unit" | "goal" | "limit">;

/** Makes a result whose value is the ratio of the medians. */
export function ratioOf(about: About, ours: readonly number[], theirs: readonly number[]): Comparison {
  const slipway = spreadOf(ours);
  const other = spreadOf(theirs);
  return { ...about, rounds: ours.length, slipway, other, value: slipway.median / other.median };
}

/** Makes a result whose value is the median, for a goal in milliseconds or bytes. */
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
