/** Functions of numbers and booleans. */
import {
  ArgumentError,
  anyParameter,
  boolParameter,
  numberAt,
  numberParameter,
  openParameter,
  textAt,
  valueAt,
  wholeAt,
} from "../function.ts";
import type { FunctionDefinition, Functions } from "../function.ts";
import {
  absolute,
  compare,
  fromDouble,
  fromInteger,
  infinity,
  isInteger,
  toBigInt,
  toDouble,
  toWhole,
} from "../number.ts";
import type { HclNumber } from "../number.ts";
import { applyBinary, applyUnary } from "../operators.ts";
import { goLog, goPow } from "../go-math.ts";
import { HclError } from "../source.ts";
import type { BinaryOperator } from "../syntax.ts";
import { nameOf } from "../type.ts";
import { asNumber, bool, equals, integer, isKnown, isTrue, number } from "../value.ts";
import type { Value } from "../value.ts";

function binary(operator: BinaryOperator, description: string): FunctionDefinition {
  return {
    description,
    parameters: [numberParameter("a"), numberParameter("b")],
    run: (args) => applyBinary(operator, valueAt(args, 0), valueAt(args, 1)),
  };
}

function unary(description: string, run: (value: HclNumber) => HclNumber): FunctionDefinition {
  return {
    description,
    parameters: [numberParameter("num")],
    run: (args) => number(run(numberAt(args, 0))),
  };
}

function logical(operator: "&&" | "||", description: string): FunctionDefinition {
  return {
    description,
    parameters: [boolParameter("a"), boolParameter("b")],
    run: (args) => applyBinary(operator, valueAt(args, 0), valueAt(args, 1)),
  };
}

function extreme(description: string, isBetter: (order: number) => boolean, start: HclNumber): FunctionDefinition {
  return {
    description,
    parameters: [],
    variadic: numberParameter("numbers"),
    run: (args) => {
      if (args.length === 0) throw new HclError("at least one number is needed");
      let best = start;
      for (const value of args.map(asNumber)) if (isBetter(compare(value, best))) best = value;
      return number(best);
    },
  };
}

function doubleAt(args: readonly Value[], index: number): number {
  const value = numberAt(args, index);
  const double = toDouble(value);
  if (!value.infinite && !Number.isFinite(double)) throw new ArgumentError(index, "the number is too great");
  return double;
}

function ofDoubles(
  description: string,
  names: readonly [string, string],
  run: (a: number, b: number) => number,
): FunctionDefinition {
  return {
    description,
    parameters: names.map(numberParameter),
    run: (args) => {
      const result = fromDouble(run(doubleAt(args, 0), doubleAt(args, 1)));
      if (result === undefined) throw new HclError("the result is not a number");
      return number(result);
    },
  };
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** @returns undefined for anything but a whole number in that base */
/** Longer texts are not read: the time for it grows faster than they do. */
const MAX_PARSED_DIGITS = 10_000;

function parseInBase(text: string, base: number): bigint | undefined {
  const digits = text.replace(/^[+-]/, "");
  if (digits === "" || digits.length > MAX_PARSED_DIGITS) return undefined;
  let value = 0n;
  for (const character of digits) {
    const digit = DIGITS.indexOf(base <= 36 ? character.toLowerCase() : character);
    if (digit < 0 || digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return text.startsWith("-") ? -value : value;
}

/** Limit for the numbers of `range`. */
const MAX_RANGE = 1024;

function rangeOf(args: readonly Value[]): Value[] {
  const zero = integer(0);
  const isLess = (left: Value, right: Value): boolean => isTrue(applyBinary("<", left, right));
  const [first, second, third] = args;
  if (first === undefined || args.length > 3) throw new HclError("it takes one, two or three numbers");
  const start = second === undefined ? zero : first;
  const end = second ?? first;
  const step = third ?? integer(isLess(end, start) ? -1 : 1);
  if (compare(asNumber(step), asNumber(zero)) === 0) throw new ArgumentError(2, "the step must not be zero");
  const isDown = isLess(step, zero);
  if (isDown ? isLess(start, end) : isLess(end, start)) {
    throw new ArgumentError(1, `the end must be ${isDown ? "less" : "greater"} than the start with this step`);
  }
  const values: Value[] = [];
  for (let at = start; isDown ? isLess(end, at) : isLess(at, end); at = applyBinary("+", at, step)) {
    if (values.length === MAX_RANGE) throw new HclError(`there would be more than ${MAX_RANGE} numbers`);
    values.push(at);
  }
  return values;
}

/** The numbers of `range`. */
export function numbersInRange(args: readonly Value[]): readonly Value[] {
  return rangeOf(args);
}

export const NUMERIC: Functions = {
  absolute: unary("The number without its sign.", absolute),
  add: binary("+", "The sum of two numbers."),
  and: logical("&&", "True if both are true."),
  ceil: unary("The smallest whole number that is not less than the number.", (value) => toWhole(value, "up")),
  divide: binary("/", "The first number divided by the second one."),
  equal: {
    description: "True if the two values are equal, and of one type.",
    parameters: [openParameter("a"), openParameter("b")],
    run: (args) => equals(valueAt(args, 0), valueAt(args, 1)),
  },
  floor: unary("The greatest whole number that is not greater than the number.", (value) => toWhole(value, "down")),
  greaterthan: binary(">", "True if the first number is greater than the second one."),
  greaterthanorequalto: binary(">=", "True if the first number is greater than the second one, or equal to it."),
  int: unary("The number without its fraction.", (value) => {
    if (value.infinite) throw new HclError("infinity has no fraction");
    return isInteger(value) ? value : fromInteger(toBigInt(value));
  }),
  lessthan: binary("<", "True if the first number is less than the second one."),
  lessthanorequalto: binary("<=", "True if the first number is less than the second one, or equal to it."),
  log: ofDoubles(
    "The logarithm of the number in the base.",
    ["num", "base"],
    (value, base) => goLog(value) / goLog(base),
  ),
  max: extreme("The greatest of the numbers.", (order) => order > 0, infinity(true)),
  min: extreme("The smallest of the numbers.", (order) => order < 0, infinity(false)),
  modulo: binary("%", "What is left of the first number divided by the second one."),
  multiply: binary("*", "The product of two numbers."),
  negate: {
    description: "The number with the opposite sign.",
    parameters: [numberParameter("num")],
    run: (args) => applyUnary("-", valueAt(args, 0)),
  },
  not: {
    description: "True if the value is false.",
    parameters: [boolParameter("val")],
    run: (args) => applyUnary("!", valueAt(args, 0)),
  },
  notequal: {
    description: "True if the two values are not equal, or of different types.",
    parameters: [openParameter("a"), openParameter("b")],
    run: (args) => {
      const equal = equals(valueAt(args, 0), valueAt(args, 1));
      return isKnown(equal) ? bool(!isTrue(equal)) : equal;
    },
  },
  or: logical("||", "True if one of them is true."),
  parseint: {
    description: "The whole number that the text is in the base, which is 2 to 62.",
    parameters: [anyParameter("number"), numberParameter("base")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (source.type.kind !== "string")
        throw new ArgumentError(0, `a string is required, not a ${nameOf(source.type)}`);
      const base = wholeAt(args, 1);
      if (base < 2 || base > 62) throw new ArgumentError(1, "the base must be 2 to 62");
      const value = parseInBase(textAt(args, 0), base);
      if (value === undefined)
        throw new ArgumentError(0, `${JSON.stringify(source.content)} is not a whole number in base ${base}`);
      return integer(value);
    },
  },
  pow: ofDoubles("The first number raised to the power of the second one.", ["num", "power"], (base, power) =>
    goPow(base, power),
  ),
  signum: {
    description: "-1, 0 or 1: the sign of the number.",
    parameters: [numberParameter("num")],
    run: (args) => integer(Math.sign(wholeAt(args, 0)) + 0),
  },
  subtract: binary("-", "The first number without the second one."),
};
