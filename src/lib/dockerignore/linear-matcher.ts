/**
 * Matches in time proportional to the text, times the size of the expression: all ways through the expression are followed at once,
 * so nothing is tried twice. What a set of instructions becomes by a character is kept, and found again in the next text.
 */
import {
  ASSERT,
  assemble,
  CHAR,
  MATCH,
  SPLIT,
  type Assertion,
  type Expression,
  type Program,
} from "./linear-program.ts";

/** The positions in the expression that a match may have reached after some characters of a text. */
interface State {
  /** Instructions, sorted. */
  readonly kernel: Int32Array;
  /** Nothing was read yet. */
  readonly atStart: boolean;
  /** The CHAR instructions that may read the next character. */
  readonly chars: Int32Array;
  /** The expression has matched, even if more text follows. */
  readonly matched: boolean;
  /** The expression cannot match any more, even if more text follows. */
  readonly dead: boolean;
  /** Whether the expression matches if the text ends here; undefined: not needed yet. */
  matchedAtEnd: boolean | undefined;
  /** The next states, by code point. */
  readonly ascii: (State | undefined)[];
  readonly others: Map<number, State>;
}

/** All states are dropped when they hold this many numbers together: some megabytes. */
const MAX_KEPT_NUMBERS = 500_000;

/** Size of a state without its instructions, counted in numbers like MAX_KEPT_NUMBERS. */
const STATE_NUMBERS = 160;

/** The states of an expression with more instructions are not kept: each would be large, and few are met again. */
const MAX_KEPT_SIZE = 20_000;

/** A text that is read, and how far. */
interface Position {
  readonly text: string;
  at: number;
  state: State;
}

export class LinearMatcher {
  readonly #program: Program;
  /** With `\b` a state depends on the characters on both sides of it. */
  readonly #hasBoundaries: boolean;
  readonly #keepsStates: boolean;
  #states = new Map<string, State>();
  #keptNumbers = 0;
  /** In which closure an instruction was last seen. */
  readonly #seenIn: Int32Array;
  #closures = 0;
  readonly #pending: number[] = [];
  #steps = 0;
  #position: Position | undefined;

  constructor(expression: Expression) {
    this.#program = assemble(expression);
    this.#hasBoundaries = this.#program.assertions.some((assertion) => assertion.endsWith("boundary"));
    this.#seenIn = new Int32Array(this.#program.code.length / 3);
    this.#keepsStates = !this.#hasBoundaries && this.size <= MAX_KEPT_SIZE;
  }

  /** The work done so far: instructions looked at and characters read, of all texts. */
  get steps(): number {
    return this.#steps;
  }

  /** Number of instructions of the expression. */
  get size(): number {
    return this.#seenIn.length;
  }

  /** Whether the expression matches anywhere in a text. */
  test(text: string): boolean {
    this.begin(text);
    let result: boolean | undefined;
    while (result === undefined) result = this.advance(Infinity);
    return result;
  }

  /** Gives the matcher a text, which `advance` reads. */
  begin(text: string): void {
    this.#position = { text, at: 0, state: this.#reach([], true, text, 0) };
  }

  /**
   * Continues for about `maxSteps` steps, and at least one character.
   * @returns whether the text matches; undefined if there is more to read
   */
  advance(maxSteps: number): boolean | undefined {
    const position = this.#position;
    if (position === undefined) return false;
    const { text } = position;
    let { at, state } = position;
    const limit = this.#steps + maxSteps;
    while (!state.matched && !state.dead) {
      if (at >= text.length) return this.#matchesAtEnd(state, text);
      const unit = text.charCodeAt(at);
      const known = state.ascii[unit];
      if (known === undefined) {
        const codePoint = text.codePointAt(at) ?? 0;
        at += codePoint > 0xffff ? 2 : 1;
        state = this.#read(state, codePoint, text, at);
      } else {
        state = known;
        at += 1;
      }
      if (++this.#steps < limit) continue;
      position.at = at;
      position.state = state;
      return undefined;
    }
    return state.matched;
  }

  /** The state behind a character. @param at Where the text continues after the character. */
  #read(state: State, codePoint: number, text: string, at: number): State {
    const known = state.others.get(codePoint);
    if (known !== undefined) return known;
    const { code, tests } = this.#program;
    const next = new Set<number>();
    for (const instruction of state.chars) {
      if (tests[code[3 * instruction + 2] ?? 0]?.(codePoint) === true) next.add(code[3 * instruction + 1] ?? 0);
    }
    this.#steps += state.chars.length;
    const reached = this.#reach(next, false, text, at);
    if (!this.#keepsStates) return reached;
    if (codePoint < 0x80) state.ascii[codePoint] = reached;
    else state.others.set(codePoint, reached);
    this.#keptNumbers += 1;
    return reached;
  }

  /** The state with these instructions and the first one, as a match may begin anywhere. */
  #reach(instructions: Iterable<number>, atStart: boolean, text: string, at: number): State {
    const kernel = Int32Array.from(new Set([...instructions, this.#program.start])).sort();
    this.#steps += kernel.length;
    if (!this.#keepsStates) return this.#makeState(kernel, atStart, text, at);
    const key = `${atStart ? "^" : ""}${kernel.join()}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.#makeState(kernel, atStart, text, at);
    if (this.#keptNumbers > MAX_KEPT_NUMBERS) {
      this.#states = new Map();
      this.#keptNumbers = 0;
    }
    this.#states.set(key, state);
    this.#keptNumbers += STATE_NUMBERS + 2 * kernel.length + state.chars.length;
    return state;
  }

  #makeState(kernel: Int32Array, atStart: boolean, text: string, at: number): State {
    const boundary = this.#hasBoundaries && isWordAt(text, at - 1) !== isWordAt(text, at);
    const { chars, matched } = this.#close(kernel, { start: atStart, end: false, boundary });
    // With `\b`, what begins later may match though nothing can here.
    const dead = !this.#hasBoundaries && !matched && chars.length === 0 && !this.#endsHere(kernel, atStart, false);
    const others = new Map<number, State>();
    return { kernel, atStart, chars, matched, dead, matchedAtEnd: undefined, ascii: [], others };
  }

  #matchesAtEnd(state: State, text: string): boolean {
    return (state.matchedAtEnd ??= this.#endsHere(state.kernel, state.atStart, isWordAt(text, text.length - 1)));
  }

  #endsHere(kernel: Int32Array, start: boolean, boundary: boolean): boolean {
    return this.#close(kernel, { start, end: true, boundary }).matched;
  }

  /** Returns the positions that can be reached without reading a character. */
  #close(
    kernel: Int32Array,
    here: { readonly start: boolean; readonly end: boolean; readonly boundary: boolean },
  ): { chars: Int32Array; matched: boolean } {
    const { code, assertions } = this.#program;
    const closure = ++this.#closures;
    const chars: number[] = [];
    const pending = this.#pending;
    for (const instruction of kernel) pending.push(instruction);
    let matched = false;
    for (let instruction; (instruction = pending.pop()) !== undefined;) {
      if (this.#seenIn[instruction] === closure) continue;
      this.#seenIn[instruction] = closure;
      this.#steps += 1;
      const kind = code[3 * instruction];
      const next = code[3 * instruction + 1] ?? 0;
      const operand = code[3 * instruction + 2] ?? 0;
      if (kind === CHAR) chars.push(instruction);
      else if (kind === SPLIT) pending.push(operand, next);
      else if (kind === MATCH) matched = true;
      else if (kind === ASSERT && holds(assertions[operand], here)) pending.push(next);
    }
    return { chars: Int32Array.from(chars), matched };
  }
}

function holds(
  assertion: Assertion | undefined,
  here: { readonly start: boolean; readonly end: boolean; readonly boundary: boolean },
): boolean {
  switch (assertion) {
    case "start":
      return here.start;
    case "end":
      return here.end;
    case "boundary":
      return here.boundary;
    default:
      return !here.boundary;
  }
}

/** Whether there is a letter, digit or underscore of ASCII. */
function isWordAt(text: string, at: number): boolean {
  return /^\w$/.test(text.charAt(at));
}
