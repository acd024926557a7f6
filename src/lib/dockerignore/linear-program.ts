/** A regular expression as a program for `LinearMatcher`: Thompson's construction. */

/** Whether a code point belongs to a class. */
export type CharTest = (codePoint: number) => boolean;

/** What is tested between two characters. `\b` is a boundary of ASCII words, as in Go. */
export type Assertion = "start" | "end" | "boundary" | "no-boundary";

export type Expression =
  | { readonly kind: "char"; readonly test: CharTest }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Expression[] }
  /** `most` is Infinity for `*`. */
  | { readonly kind: "repeat"; readonly part: Expression; readonly least: number; readonly most: number };

/** Kinds of instructions. */
export const CHAR = 0;
/** Continues at two instructions. */
export const SPLIT = 1;
export const ASSERT = 2;
export const MATCH = 3;

/** One instruction is three numbers: its kind, where it continues, and its operand: an index of `tests` or `assertions`, or the second way of a split. */
export interface Program {
  readonly code: Int32Array;
  readonly tests: readonly CharTest[];
  readonly assertions: readonly Assertion[];
  readonly start: number;
}

/** Number of instructions that an expression becomes at most. */
export function programSize(expression: Expression): number {
  switch (expression.kind) {
    case "char":
    case "assertion":
      return 1;
    case "sequence":
      return expression.parts.reduce((sum, part) => sum + programSize(part), 0);
    case "choice":
      return expression.parts.reduce((sum, part) => sum + programSize(part) + 1, 0);
    case "repeat": {
      const { part, least, most } = expression;
      const size = programSize(part);
      return most === Infinity ? (least + 1) * size + 1 : most * size + most - least;
    }
  }
}

/** Written from its end: every part is given the instruction that follows it. */
export function assemble(expression: Expression): Program {
  const tests: CharTest[] = [];
  const assertions: Assertion[] = [];
  const code = new Int32Array(3 * (programSize(expression) + 1));
  let size = 0;
  const emit = (kind: number, next: number, operand: number): number => {
    code.set([kind, next, operand], 3 * size);
    return size++;
  };
  const write = (node: Expression, next: number): number => {
    switch (node.kind) {
      case "char":
        return emit(CHAR, next, tests.push(node.test) - 1);
      case "assertion":
        return emit(ASSERT, next, assertions.push(node.assertion) - 1);
      case "sequence":
        return node.parts.reduceRight((after, part) => write(part, after), next);
      case "choice":
        return node.parts.map((part) => write(part, next)).reduce((first, second) => emit(SPLIT, first, second));
      case "repeat":
        return repeat(node, next);
    }
  };
  const repeat = ({ part, least, most }: Extract<Expression, { kind: "repeat" }>, next: number): number => {
    let at = next;
    if (most === Infinity) {
      const split = emit(SPLIT, next, next);
      code[3 * split + 2] = write(part, split);
      at = split;
    } else {
      // Each optional one may also go straight to the end.
      for (let optional = most - least; optional > 0; optional--) at = emit(SPLIT, next, write(part, at));
    }
    for (let needed = least; needed > 0; needed--) at = write(part, at);
    return at;
  };
  const start = write(expression, emit(MATCH, 0, 0));
  return { code: code.subarray(0, 3 * size), tests, assertions, start };
}
