/** The operators of expressions. */
import { convert } from "./convert.ts";
import { add, compare, divide, multiply, negate, remainder } from "./number.ts";
import type { HclNumber } from "./number.ts";
import { HclError } from "./source.ts";
import type { BinaryOperator } from "./syntax.ts";
import { BOOL, NUMBER } from "./type.ts";
import type { Type } from "./type.ts";
import { asNumber, bool, equals, isKnown, isNull, isTrue, number, unknownOf } from "./value.ts";
import type { Value } from "./value.ts";

const ARITHMETIC: Partial<Record<BinaryOperator, (left: HclNumber, right: HclNumber) => HclNumber | undefined>> = {
  "+": (left, right) => add(left, right),
  "-": (left, right) => add(left, negate(right)),
  "*": multiply,
  "/": divide,
  "%": remainder,
};

const COMPARISONS: Partial<Record<BinaryOperator, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function operand(value: Value, type: Type, side: string): Value {
  let converted: Value;
  try {
    converted = convert(value, type);
  } catch (error) {
    throw error instanceof HclError ? new HclError(`the ${side} operand is wrong: ${error.message}`) : error;
  }
  if (isNull(converted)) throw new HclError(`the ${side} operand is null`);
  return converted;
}

/** @throws HclError for invalid operands */
export function applyBinary(operator: BinaryOperator, left: Value, right: Value): Value {
  if (operator === "==" || operator === "!=") return equality(operator, left, right);
  if (operator === "&&" || operator === "||") {
    const first = operand(left, BOOL, "left");
    const second = operand(right, BOOL, "right");
    if (!isKnown(first) || !isKnown(second)) return unknownOf(BOOL);
    return bool(operator === "&&" ? isTrue(first) && isTrue(second) : isTrue(first) || isTrue(second));
  }
  const first = operand(left, NUMBER, "left");
  const second = operand(right, NUMBER, "right");
  const compareOrder = COMPARISONS[operator];
  if (!isKnown(first) || !isKnown(second)) return unknownOf(compareOrder === undefined ? NUMBER : BOOL);
  if (compareOrder !== undefined) return bool(compareOrder(compare(asNumber(first), asNumber(second))));
  const result = ARITHMETIC[operator]?.(asNumber(first), asNumber(second));
  if (result === undefined) throw new HclError("zero and infinity have no such result");
  return number(result);
}

function equality(operator: "==" | "!=", left: Value, right: Value): Value {
  const equal = equals(left, right);
  if (!isKnown(equal)) return equal;
  return bool(isTrue(equal) === (operator === "=="));
}

/** @throws HclError for an invalid operand */
export function applyUnary(operator: "-" | "!", value: Value): Value {
  const converted = operand(value, operator === "-" ? NUMBER : BOOL, "one");
  if (!isKnown(converted)) return converted;
  return operator === "-" ? number(negate(asNumber(converted))) : bool(!isTrue(converted));
}
