/** Positions in the text of a file, and the error that points at one. */
import { BudgetSpent, spendAll } from "../limits/budget.ts";

/** The text of a file, with its name for messages. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** A part of a source. `start` and `end` count UTF-16 code units; `end` is the first one after the part. */
export interface Range {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** From the start of one range to the end of another. */
export function between(first: Range, last: Range): Range {
  return { source: first.source, start: first.start, end: last.end };
}

/** Both count from 1; a column is one UTF-16 code unit wide. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function positionOf(source: Source, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (let at = source.text.indexOf("\n"); at !== -1 && at < offset; at = source.text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** The error of invalid HCL or of an expression. The message is one sentence without the position. */
export class HclError extends Error {
  /** The position; absent if the error is not about a file. */
  readonly range: Range | undefined;

  constructor(message: string, range?: Range) {
    super(message);
    this.name = "HclError";
    this.range = range;
  }

  /** `file:line`; undefined without a range. */
  get where(): string | undefined {
    return this.range === undefined ? undefined : lineOf(this.range);
  }
}

/** `file:line` */
export function lineOf({ source, start }: Range): string {
  return `${source.name}:${positionOf(source, start).line}`;
}

/** What V8 says of a text, an array or a number that it cannot hold. */
const TOO_LARGE = /^(?:Invalid (?:string|array) length|Invalid count value|Maximum BigInt size exceeded)/;

/**
 * Runs a part of an evaluation, and adds its range to errors without one.
 * @throws HclError; BudgetSpent with the range as well
 */
export function located<T>(range: Range, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof HclError && error.range === undefined) throw new HclError(error.message, range);
    if (error instanceof BudgetSpent && error.range === undefined) throw new BudgetSpent(error.steps, range);
    if (error instanceof RangeError && /call stack/.test(error.message)) {
      throw new HclError("the expression is nested too deeply", range);
    }
    if (error instanceof RangeError && TOO_LARGE.test(error.message)) {
      located(range, spendAll);
      throw new HclError("the value is too large", range);
    }
    throw error;
  }
}
