/**
 * How the work grows with its input. A test that only allows so many seconds fails on a busy machine; the ratio of two sizes,
 * measured in one run, does not. The processor time of this process is counted, so a loop beside it does not count.
 */

/** The larger size is this many times the smaller one. */
const FACTOR = 64;

/** Work in proportion to the size costs FACTOR times as much, in proportion to its square FACTOR ** 2 times. The limit is in the middle. */
export const MOST_GROWTH = FACTOR ** 1.5;

/** A measurement shorter than this is repeated until it is this long, as a shorter one measures the collector and the compiler. */
const SHORTEST_MS = 4;

/** Warming up may double the work at most this often before it is given up: four times for twice the input is quadratic already. */
export const MOST_GROWTH_OF_DOUBLE = 8;

/** A doubling is judged only if it took this long: less is noise. */
const JUDGED_FROM_MS = 100;

/**
 * Where an input outgrows what the collector clears for nothing, the work becomes several times dearer, once. Growth beyond the limit
 * has to go on with an input this many times as large, unless the work takes so long already that no step explains it.
 */
const BEYOND = 4;
const STEP_ENDS_MS = 500;

/** The smallest of this many measurements counts, and of more when the growth is still too large: the rest is noise. */
const ROUNDS = 3;
const MOST_ROUNDS = 8;

export interface Growing<Input> {
  /** Makes an input; its own cost is not counted. */
  readonly input: (size: number) => Input;
  readonly work: (input: Input) => unknown;
  /** The larger size, for which quadratic work takes seconds. */
  readonly size: number;
}

/**
 * How many times as much the work costs for `size` as for a 64th of it: about 64 is linear, 4096 quadratic. It begins with small
 * sizes and doubles them, so exponential work is found before it never ends, and is Infinity.
 */
export function growthOf<Input>({ input, work, size }: Growing<Input>): number {
  let before = 0;
  for (let small = 8; small <= size; small *= 2) {
    const text = input(small);
    const spent = milliseconds(work, text, 1);
    if (spent > JUDGED_FROM_MS && spent > MOST_GROWTH_OF_DOUBLE * Math.max(before, 1)) return Infinity;
    before = spent;
  }
  const most = input(size);
  const spent = growthBetween(work, input(Math.floor(size / FACTOR)), most, MOST_GROWTH);
  if (spent.growth < MOST_GROWTH || spent.large > STEP_ENDS_MS) return spent.growth;
  // As a growth over FACTOR.
  const steps = Math.log(FACTOR) / Math.log(BEYOND);
  return growthBetween(work, most, input(size * BEYOND), MOST_GROWTH ** (1 / steps)).growth ** steps;
}

/** Measured until it is below the limit, or often enough. */
function growthBetween<Input>(
  work: (input: Input) => unknown,
  small: Input,
  large: Input,
  limit: number,
): { growth: number; large: number } {
  const [timesSmall, timesLarge] = [timesFor(work, small), timesFor(work, large)];
  let [least, most] = [Infinity, Infinity];
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    least = Math.min(least, milliseconds(work, small, timesSmall));
    most = Math.min(most, milliseconds(work, large, timesLarge));
    if (round >= ROUNDS && most / least < limit) break;
  }
  return { growth: most / least, large: most };
}

function timesFor<Input>(work: (input: Input) => unknown, input: Input): number {
  return Math.max(1, Math.ceil(SHORTEST_MS / Math.max(milliseconds(work, input, 1), 0.02)));
}

/** Of processor time for one, the mean of `times`. */
function milliseconds<Input>(work: (input: Input) => unknown, input: Input, times: number): number {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) work(input);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}
