/** What a row of the benchmark is, and how two ways to do a thing are compared. */

export interface Goal {
  /** The ratio to reach. */
  readonly goal: number;
  /** The ratio that must never be reached. */
  readonly limit?: number;
}

export interface Comparison extends Goal {
  readonly what: string;
  readonly against: string;
  /** Medians, in milliseconds. */
  readonly slipway: number;
  readonly other: number;
  readonly ratio: number;
  readonly rounds: number;
}

export interface Row {
  /** As it is asked for on the command line. */
  readonly name: string;
  /** How often each way is measured unless the command line says otherwise. */
  readonly rounds: number;
  measure(rounds: number): Promise<Comparison[]>;
}

/** Does a thing once and answers with the milliseconds it took. */
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
  return { ...rest, slipway: median(ours), other: median(theirs), ratio: median(ours) / median(theirs), rounds };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
