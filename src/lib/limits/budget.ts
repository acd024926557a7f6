/**
 * Limits the work for a file that may be a stranger's: a few lines of bake's or compose's language can ask for more than any machine can
 * do. The work is synchronous, so there is one budget at a time, and every part of it spends from there.
 */

/** The work for a file takes more steps than it may. Not an error that a part of the work may catch and go on. */
export class BudgetSpent extends Error {
  readonly steps: number;
  /** Where in the file, if the code that adds positions has been passed. */
  readonly range: unknown;

  constructor(steps: number, range?: unknown) {
    super(`it takes more than ${steps} steps`);
    this.name = "BudgetSpent";
    this.steps = steps;
    this.range = range;
  }
}

interface Budget {
  readonly steps: number;
  left: number;
}

let current: Budget | undefined;

/**
 * Runs synchronous work that may spend so many steps. Inside other work with a budget it spends from that one.
 * @throws BudgetSpent
 */
export function withBudget<T>(steps: number, work: () => T): T {
  if (current !== undefined) return work();
  current = { steps, left: steps };
  try {
    return work();
  } finally {
    current = undefined;
  }
}

/** Counts steps: about a microsecond each. Without a budget nothing is counted. @throws BudgetSpent */
export function spend(steps = 1): void {
  if (current === undefined) return;
  current.left -= steps;
  if (current.left < 0) throw new BudgetSpent(current.steps);
}

/** Characters of a text that are copied or searched in one step. */
const STEP_CHARACTERS = 16;

/** Counts the steps for a text that is read or made. @throws BudgetSpent */
export function spendOnText(length: number): void {
  spend(1 + length / STEP_CHARACTERS);
}

/** Ends the work, for what cannot be done at all: a text that is longer than the engine allows. @throws BudgetSpent */
export function spendAll(): void {
  spend(Number.POSITIVE_INFINITY);
}
