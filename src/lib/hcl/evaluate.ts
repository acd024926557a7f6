/** The value of an expression. */
import { spend } from "../limits/budget.ts";
import { attributeOf, indexOf } from "./access.ts";
import { commonOf } from "./common-type.ts";
import { convert } from "./convert.ts";
import { call, parameterAt } from "./function.ts";
import { ArgumentError } from "./function.ts";
import type { FunctionDefinition, Parameter } from "./function.ts";
import { applyBinary, applyUnary } from "./operators.ts";
import { childScope, functionIn, variableIn } from "./scope.ts";
import type { Scope } from "./scope.ts";
import type { Attempt } from "./short-circuit.ts";
import { shortCircuit } from "./short-circuit.ts";
import { HclError, located } from "./source.ts";
import type { Range } from "./source.ts";
import { splat } from "./splat.ts";
import type { BinaryOperator, CallExpression, Expression, ForExpression, ObjectItem, SplatItem } from "./syntax.ts";
import { BOOL, NUMBER, STRING, isPlain, nameOf } from "./type.ts";
import { typeIn } from "./type-expression.ts";
import {
  NULL,
  UNKNOWN_VALUE,
  asText,
  elementsOf,
  isKnown,
  isNull,
  isTrue,
  itemsOf,
  nullOf,
  object,
  text,
  tuple,
  unknownOf,
} from "./value.ts";
import type { Value } from "./value.ts";

/** The current elements of the surrounding splats. */
type Items = ReadonlyMap<SplatItem, Value>;

/** The scope, and the errors so far. Whether an error matters is decided later. */
interface Surroundings {
  readonly scope: Scope;
  readonly items: Items;
  readonly faults: HclError[];
}

/** @throws HclError with its first error */
export function evaluate(expression: Expression, scope: Scope, items: Items = new Map()): Value {
  const faults: HclError[] = [];
  const value = valueIn(expression, { scope, items, faults });
  const [first] = faults;
  if (first !== undefined) throw first;
  return value;
}

/** A part with an error becomes an unknown value, with the part of its type that is certain. */
function valueIn(expression: Expression, at: Surroundings): Value {
  return recovered(expression.range, at, UNKNOWN_VALUE, () => valueOf(expression, at));
}

function recovered(range: Range, { faults }: Surroundings, instead: Value, run: () => Value): Value {
  try {
    return located(range, run);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    faults.push(error);
    return instead;
  }
}

function valueOf(expression: Expression, at: Surroundings): Value {
  spend();
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "variable": {
      const value = variableIn(at.scope, expression.name);
      if (value === undefined) throw new HclError(`unknown variable ${expression.name}`);
      return value;
    }
    case "attribute":
      return attributeOf(valueIn(expression.source, at), expression.name);
    case "index":
      return indexOf(valueIn(expression.source, at), valueIn(expression.key, at));
    case "splat":
      return splatOf(expression, at);
    case "splat-item":
      return at.items.get(expression) ?? UNKNOWN_VALUE;
    case "call":
      return callOf(expression, at);
    case "conditional":
      return conditionalOf(expression, at);
    case "binary":
      return binaryOf(expression, at);
    case "unary": {
      const operand = valueIn(expression.operand, at);
      const type = expression.operator === "-" ? NUMBER : BOOL;
      return recovered(expression.range, at, unknownOf(type), () => applyUnary(expression.operator, operand));
    }
    case "tuple":
      return tuple(expression.items.map((item) => valueIn(item, at)));
    case "object":
      return objectFrom(expression.items, at);
    case "for":
      return loop(expression, at);
    case "template":
      return templateOf(expression.parts, at);
    case "join":
      return joined(loop(expression.loop, at), expression.range, at);
    case "wrapped":
      return valueIn(expression.inner, at);
    case "json-text":
      return valueIn(expression.template(), at);
  }
}

function splatOf({ source, item, each }: Extract<Expression, { kind: "splat" }>, at: Surroundings): Value {
  const before = at.faults.length;
  const value = valueIn(source, at);
  if (at.faults.length > before) return UNKNOWN_VALUE;
  const result = splat(value, (own) => attempt(each, { ...at, items: new Map([...at.items, [item, own]]) }));
  at.faults.push(...result.faults);
  return result.value;
}

function callOf(expression: CallExpression, at: Surroundings): Value {
  const definition = functionIn(at.scope, expression.name);
  if (definition === undefined) throw new HclError(`unknown function ${expression.name}`);
  const before = at.faults.length;
  const args = expression.expandsLast ? expandedArguments(expression, at) : expression.arguments;
  if (args === undefined) return UNKNOWN_VALUE;
  mustFit(expression.name, definition, args.length);
  const values = args.map((argument, index) => argumentOf(argument, parameterAt(definition, index), at));
  if (at.faults.length > before) return UNKNOWN_VALUE;
  try {
    return call(definition, values);
  } catch (error) {
    if (!(error instanceof HclError) || error.range !== undefined) throw error;
    const parameter = error instanceof ArgumentError ? parameterAt(definition, error.index) : undefined;
    if (!(error instanceof ArgumentError) || parameter === undefined) {
      throw new HclError(`${expression.name}: ${error.message}`, expression.range);
    }
    const range = args[error.index]?.range ?? expression.range;
    throw new HclError(`${expression.name}: the argument ${parameter.name} is wrong: ${error.message}`, range);
  }
}

/** Expands the last argument (`...`). @returns undefined if its elements are unknown */
function expandedArguments(expression: CallExpression, at: Surroundings): readonly Expression[] | undefined {
  const last = expression.arguments.at(-1);
  if (last === undefined) return [];
  const before = at.faults.length;
  const expanded = valueIn(last, at);
  if (at.faults.length > before) return undefined;
  if (isNull(expanded)) throw new HclError("an argument with ... must not be null", last.range);
  if (expanded.type.kind === "any") return undefined;
  if (!["tuple", "list", "set"].includes(expanded.type.kind)) {
    throw new HclError("an argument with ... must be a tuple, a list or a set", last.range);
  }
  if (!isKnown(expanded)) return undefined;
  const values = itemsOf(expanded).map((value): Expression => ({ kind: "literal", value, range: last.range }));
  return [...expression.arguments.slice(0, -1), ...values];
}

function mustFit(name: string, { parameters, variadic }: FunctionDefinition, given: number): void {
  const missing = parameters[given];
  if (missing !== undefined) {
    throw new HclError(
      `${name} needs ${variadic === undefined ? "" : "at least "}${parameters.length} arguments: ${missing.name} is missing`,
    );
  }
  if (variadic === undefined && given > parameters.length) {
    throw new HclError(`${name} takes ${parameters.length} arguments, not ${given}`);
  }
}

function argumentOf(argument: Expression, parameter: Parameter | undefined, at: Surroundings): Value {
  const type = parameter?.type;
  if (type?.kind === "expression") {
    const host = { expression: argument, evaluate: () => evaluate(argument, at.scope, at.items) };
    return { type, content: { host } };
  }
  if (type?.kind === "type") {
    return recovered(argument.range, at, UNKNOWN_VALUE, () => ({ type, content: { host: typeIn(argument) } }));
  }
  const value = valueIn(argument, at);
  if (type === undefined) return value;
  return recovered(argument.range, at, UNKNOWN_VALUE, () =>
    named(`the argument ${parameter?.name ?? ""} is wrong`, () => convert(value, type)),
  );
}

/** Runs a conversion and adds its purpose to the error. */
function named(what: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw error instanceof HclError ? new HclError(`${what}: ${error.message}`, error.range) : error;
  }
}

/** Collects its errors separately: whether they matter is decided later. */
function attempt(expression: Expression, at: Surroundings): Attempt {
  const faults: HclError[] = [];
  return { value: valueIn(expression, { ...at, faults }), faults };
}

function conditionalOf(expression: Extract<Expression, { kind: "conditional" }>, at: Surroundings): Value {
  const whenTrue = attempt(expression.whenTrue, at);
  const whenFalse = attempt(expression.whenFalse, at);
  const common = commonOf(whenTrue.value, whenFalse.value);
  const condition = valueIn(expression.condition, at);
  const unknown = unknownOf(common.type);
  if (isNull(condition)) {
    return recovered(expression.condition.range, at, unknown, () => {
      throw new HclError("the condition is null");
    });
  }
  if (!isKnown(condition)) {
    return isNull(whenTrue.value) && isNull(whenFalse.value) ? nullOf(common.type) : unknown;
  }
  const decided = recovered(expression.condition.range, at, unknown, () =>
    conditionOf(condition, expression.condition),
  );
  if (decided === unknown) return unknown;
  const isChosen = isTrue(decided);
  const chosen = isChosen ? whenTrue : whenFalse;
  at.faults.push(...chosen.faults);
  return recovered(expression.range, at, unknown, () => common.convert(chosen.value, isChosen));
}

function conditionOf(condition: Value, { range }: Expression): Value {
  try {
    return convert(condition, BOOL);
  } catch (error) {
    throw error instanceof HclError ? new HclError("the condition must be true or false", range) : error;
  }
}

const COMPARING = new Set<BinaryOperator>(["&&", "||", "==", "!=", "<", "<=", ">", ">="]);

function binaryOf(expression: Extract<Expression, { kind: "binary" }>, at: Surroundings): Value {
  const { operator } = expression;
  const unknown = unknownOf(COMPARING.has(operator) ? BOOL : NUMBER);
  const left = attempt(expression.left, at);
  const right = attempt(expression.right, at);
  if (operator === "&&" || operator === "||") {
    // Both are converted to booleans first. Then one can decide the result, even if the other has an error.
    const before = at.faults.length;
    const sides = [left, right].map((side, index) => ({
      ...side,
      value: recovered((index === 0 ? expression.left : expression.right).range, at, unknown, () =>
        named("the operand is wrong", () => convert(side.value, BOOL)),
      ),
    }));
    if (at.faults.length > before) return unknown;
    const decided = shortCircuit(operator, sides[0] ?? left, sides[1] ?? right);
    if (decided !== undefined) {
      at.faults.push(...decided.faults);
      return decided.value;
    }
  }
  const faults = [...left.faults, ...right.faults];
  at.faults.push(...faults);
  if (faults.length > 0) return unknown;
  return recovered(expression.range, at, unknown, () => applyBinary(operator, left.value, right.value));
}

function isReference(key: Expression): boolean {
  if (key.kind === "variable") return true;
  return (key.kind === "attribute" || (key.kind === "index" && key.isFixed)) && isReference(key.source);
}

function objectFrom(members: readonly ObjectItem[], at: Surroundings): Value {
  const entries: [string, Value][] = [];
  let isWhole = true;
  for (const { key, name, value } of members) {
    const before = at.faults.length;
    const keyValue = recovered(key.range, at, UNKNOWN_VALUE, () => {
      if (name !== undefined) return text(name);
      if (isReference(key)) {
        throw new HclError("write the key in quotes, or in parentheses where it is a reference", key.range);
      }
      const own = valueIn(key, at);
      if (isNull(own)) throw new HclError("null cannot be a key", key.range);
      return convert(own, STRING);
    });
    const isGood = isKnown(keyValue) && at.faults.length === before;
    const item = valueIn(value, at);
    if (isGood) entries.push([asText(keyValue), item]);
    else isWhole = false;
  }
  return isWhole ? object(entries) : UNKNOWN_VALUE;
}

function loop(expression: ForExpression, at: Surroundings): Value {
  const collection = valueIn(expression.collection, at);
  if (isNull(collection)) throw new HclError("a for needs a collection, but this is null", expression.collection.range);
  if (collection.type.kind === "any") return UNKNOWN_VALUE;
  if (isPlain(collection.type)) {
    throw new HclError(`a for cannot iterate over a ${nameOf(collection.type)}`, expression.collection.range);
  }
  const inner = (key: Value, value: Value): Surroundings => ({
    ...at,
    scope: childScope(at.scope, [
      ...(expression.keyName === undefined ? [] : [[expression.keyName, key] as const]),
      [expression.valueName, value] as const,
    ]),
  });
  // A condition with an error for every element has the error also without elements.
  const before = at.faults.length;
  isIncluded(expression, inner(UNKNOWN_VALUE, UNKNOWN_VALUE));
  if (at.faults.length > before || !isKnown(collection)) return UNKNOWN_VALUE;
  const turns: Surroundings[] = [];
  for (const [key, value] of elementsOf(collection)) {
    spend();
    const turn = inner(key, value);
    const included = isIncluded(expression, turn);
    if (included === undefined) return UNKNOWN_VALUE;
    if (included) turns.push(turn);
  }
  const { key: keyExpression } = expression;
  if (keyExpression === undefined) return tuple(turns.map((turn) => valueIn(expression.value, turn)));
  return keyed(expression, keyExpression, turns);
}

/** @returns undefined if that is unknown */
function isIncluded({ condition }: ForExpression, at: Surroundings): boolean | undefined {
  if (condition === undefined) return true;
  const value = valueIn(condition, at);
  if (isNull(value)) throw new HclError("the condition of the for is null", condition.range);
  const included = conditionOf(value, condition);
  return isKnown(included) ? isTrue(included) : undefined;
}

function keyed(expression: ForExpression, keyExpression: Expression, turns: readonly Surroundings[]): Value {
  const groups = new Map<string, Value[]>();
  for (const turn of turns) {
    const keyValue = valueIn(keyExpression, turn);
    if (isNull(keyValue)) throw new HclError("null cannot be a key", keyExpression.range);
    if (!isKnown(keyValue)) return UNKNOWN_VALUE;
    const key = asText(located(keyExpression.range, () => convert(keyValue, STRING)));
    const value = valueIn(expression.value, turn);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else if (expression.groups) group.push(value);
    else {
      turn.faults.push(
        new HclError(
          `two elements have the key ${JSON.stringify(key)}: write ... after the value to group them`,
          expression.range,
        ),
      );
    }
  }
  return object([...groups].map(([key, values]) => [key, expression.groups ? tuple(values) : (values[0] ?? NULL)]));
}

function templateOf(parts: readonly Expression[], at: Surroundings): Value {
  let result = "";
  let isWhole = true;
  for (const part of parts) {
    const value = valueIn(part, at);
    const own = recovered(part.range, at, text(""), () => textIn(value));
    if (isKnown(own)) result += asText(own);
    else isWhole = false;
  }
  return isWhole ? text(result) : unknownOf(STRING);
}

function textIn(value: Value): Value {
  if (isNull(value)) throw new HclError("null cannot be put into a text");
  if (!isKnown(value)) return unknownOf(STRING);
  if (!isPlain(value.type)) throw new HclError(`a ${nameOf(value.type)} cannot be put into a text`);
  return convert(value, STRING);
}

function joined(turns: Value, range: Range, at: Surroundings): Value {
  if (!isKnown(turns)) return unknownOf(STRING);
  const texts = itemsOf(turns).map((turn) => recovered(range, at, text(""), () => textIn(turn)));
  return texts.every(isKnown) ? text(texts.map(asText).join("")) : unknownOf(STRING);
}
