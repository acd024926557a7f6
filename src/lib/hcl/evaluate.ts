/** The value of an expression. */
import { convert, unify } from "./convert.ts";
import { call, parameterAt } from "./function.ts";
import { ArgumentError } from "./function.ts";
import type { FunctionDefinition, Parameter } from "./function.ts";
import { isInteger, toSafeInteger } from "./number.ts";
import { applyBinary, applyUnary } from "./operators.ts";
import { childScope, functionIn, variableIn } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { HclError, located } from "./source.ts";
import type { CallExpression, Expression, ForExpression, ObjectItem, SplatItem } from "./syntax.ts";
import { BOOL, NUMBER, STRING, isCollection, nameOf } from "./type.ts";
import { typeIn } from "./type-expression.ts";
import {
  NULL,
  UNKNOWN_VALUE,
  asNumber,
  asText,
  canIterate,
  elementsOf,
  entriesOf,
  isKnown,
  isNull,
  isTrue,
  itemsOf,
  list,
  nullOf,
  object,
  sizeOf,
  text,
  tuple,
  unknownOf,
} from "./value.ts";
import type { Value } from "./value.ts";

/** Values of the elements that the splats around are at. */
type Items = ReadonlyMap<SplatItem, Value>;

/** @throws HclError where it has none */
export function evaluate(expression: Expression, scope: Scope, items: Items = new Map()): Value {
  return located(expression.range, () => valueOf(expression, scope, items));
}

function valueOf(expression: Expression, scope: Scope, items: Items): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "variable": {
      const value = variableIn(scope, expression.name);
      if (value === undefined) throw new HclError(`there is no variable named ${expression.name}`);
      return value;
    }
    case "attribute":
      return attributeOf(evaluate(expression.source, scope, items), expression.name);
    case "index":
      return indexOf(evaluate(expression.source, scope, items), evaluate(expression.key, scope, items));
    case "splat":
      return splat(evaluate(expression.source, scope, items), (item) =>
        evaluate(expression.each, scope, new Map([...items, [expression.item, item]])),
      );
    case "splat-item":
      return items.get(expression) ?? UNKNOWN_VALUE;
    case "call":
      return callOf(expression, scope, items);
    case "conditional":
      return conditionalOf(expression, scope, items);
    case "binary":
      return binaryOf(expression, scope, items);
    case "unary":
      return applyUnary(expression.operator, evaluate(expression.operand, scope, items));
    case "tuple":
      return tuple(expression.items.map((item) => evaluate(item, scope, items)));
    case "object":
      return objectFrom(expression.items, scope, items);
    case "for":
      return loop(expression, scope, items);
    case "template":
      return templateOf(expression.parts, scope, items);
    case "join":
      return joined(loop(expression.loop, scope, items));
    case "wrapped":
      return evaluate(expression.inner, scope, items);
    case "json-text":
      return evaluate(expression.template(), scope, items);
  }
}

function attributeOf(source: Value, name: string): Value {
  if (isNull(source)) throw new HclError(`null has no attribute ${name}`);
  if (source.type.kind === "any") return UNKNOWN_VALUE;
  if (source.type.kind !== "object" && source.type.kind !== "map") {
    throw new HclError(`a ${nameOf(source.type)} has no attributes, so there is no ${name}`);
  }
  if (!isKnown(source)) {
    const type = source.type.kind === "object" ? source.type.attributes.get(name) : source.type.element;
    if (type !== undefined) return unknownOf(type);
  }
  const value = entriesOf(source).get(name);
  if (value === undefined) {
    throw new HclError(
      source.type.kind === "map"
        ? `the map has no element with the key ${name}`
        : `there is no attribute named ${name}`,
    );
  }
  return value;
}

/** @throws HclError where there is nothing under that key */
export function indexOf(source: Value, key: Value): Value {
  if (isNull(source)) throw new HclError("null has no elements");
  if (isNull(key)) throw new HclError("null cannot be an index");
  if (key.type.kind === "any" || source.type.kind === "any") return UNKNOWN_VALUE;
  if (source.type.kind === "list" || source.type.kind === "tuple") {
    const index = keyAs(key, NUMBER);
    if (!isKnown(index) || !isKnown(source)) {
      return source.type.kind === "list" ? unknownOf(source.type.element) : UNKNOWN_VALUE;
    }
    return elementAt(source, index);
  }
  if (source.type.kind !== "map" && source.type.kind !== "object") {
    throw new HclError(`a ${nameOf(source.type)} has no elements to take by an index`);
  }
  const name = keyAs(key, STRING);
  if (!isKnown(name) || !isKnown(source)) return UNKNOWN_VALUE;
  const value = entriesOf(source).get(asText(name));
  if (value === undefined) throw new HclError(`there is no element with the key ${JSON.stringify(asText(name))}`);
  return value;
}

function keyAs(key: Value, type: typeof NUMBER): Value {
  try {
    return convert(key, type);
  } catch (error) {
    throw error instanceof HclError ? new HclError(`the index does not fit: ${error.message}`) : error;
  }
}

function elementAt(source: Value, key: Value): Value {
  const position = asNumber(key);
  if (!isInteger(position)) throw new HclError("an index must be a whole number");
  const value = itemsOf(source)[toSafeInteger(position) ?? -1];
  if (value === undefined)
    throw new HclError(`there is no such index: the ${source.type.kind} has ${sizeOf(source)} elements`);
  return value;
}

function splat(source: Value, each: (item: Value) => Value): Value {
  const { kind } = source.type;
  const isSequence = kind === "tuple" || kind === "list" || kind === "set";
  if (isNull(source)) {
    if (isSequence) throw new HclError("a splat needs a sequence, and this is null");
    return tuple([]);
  }
  if (!isKnown(source)) return UNKNOWN_VALUE;
  const values = (isSequence ? itemsOf(source) : [source]).map(each);
  if (kind !== "list" && kind !== "set") return tuple(values);
  return list(values, values.length === 0 ? each(unknownOf(source.type.element)).type : undefined);
}

function callOf(expression: CallExpression, scope: Scope, items: Items): Value {
  const definition = functionIn(scope, expression.name);
  if (definition === undefined) throw new HclError(`there is no function named ${expression.name}`);
  const last = expression.arguments.at(-1);
  let args = expression.arguments;
  if (expression.expandsLast && last !== undefined) {
    const expanded = evaluate(last, scope, items);
    if (isNull(expanded)) throw new HclError("an argument with ... must not be null", last.range);
    if (expanded.type.kind === "any") return UNKNOWN_VALUE;
    if (!["tuple", "list", "set"].includes(expanded.type.kind)) {
      throw new HclError("an argument with ... must be a tuple, a list or a set", last.range);
    }
    if (!isKnown(expanded)) return UNKNOWN_VALUE;
    const values = itemsOf(expanded).map((value): Expression => ({ kind: "literal", value, range: last.range }));
    args = [...args.slice(0, -1), ...values];
  }
  mustFit(expression.name, definition, args.length);
  const values = args.map((argument, index) => argumentOf(argument, parameterAt(definition, index), scope, items));
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

function mustFit(name: string, { parameters, variadic }: FunctionDefinition, given: number): void {
  const missing = parameters[given];
  if (missing !== undefined) {
    throw new HclError(
      `${name} needs ${variadic === undefined ? "" : "at least "}${parameters.length} arguments: ${missing.name} is missing`,
    );
  }
  if (variadic === undefined && given > parameters.length) {
    throw new HclError(`${name} has ${parameters.length} arguments, and ${given} are given`);
  }
}

function argumentOf(argument: Expression, parameter: Parameter | undefined, scope: Scope, items: Items): Value {
  const type = parameter?.type;
  if (type?.kind === "expression") {
    const host = { expression: argument, evaluate: () => evaluate(argument, scope, items) };
    return { type, content: { host } };
  }
  if (type?.kind === "type") return { type, content: { host: typeIn(argument) } };
  const value = evaluate(argument, scope, items);
  if (type === undefined) return value;
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    throw new HclError(`the argument ${parameter?.name ?? ""} is wrong: ${error.message}`, argument.range);
  }
}

interface Attempt {
  readonly value: Value;
  readonly error?: HclError;
}

/** A value, or in its place an unknown one and the error: whether that matters is decided later. */
function attempt(expression: Expression, scope: Scope, items: Items): Attempt {
  try {
    return { value: evaluate(expression, scope, items) };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    return { value: UNKNOWN_VALUE, error };
  }
}

function conditionalOf(expression: Extract<Expression, { kind: "conditional" }>, scope: Scope, items: Items): Value {
  const whenTrue = attempt(expression.whenTrue, scope, items);
  const whenFalse = attempt(expression.whenFalse, scope, items);
  const convertChosen = commonConversion(whenTrue.value, whenFalse.value);
  const condition = evaluate(expression.condition, scope, items);
  if (isNull(condition)) throw new HclError("the condition is null", expression.condition.range);
  if (!isKnown(condition)) return UNKNOWN_VALUE;
  const chosen = isTrue(conditionOf(condition, expression.condition)) ? whenTrue : whenFalse;
  if (chosen.error !== undefined) throw chosen.error;
  return convertChosen(chosen.value);
}

function conditionOf(condition: Value, { range }: Expression): Value {
  try {
    return convert(condition, BOOL);
  } catch (error) {
    throw error instanceof HclError ? new HclError("the condition must be true or false", range) : error;
  }
}

/** Both results have one type, whichever is chosen. */
function commonConversion(whenTrue: Value, whenFalse: Value): (chosen: Value) => Value {
  const isPlainNull = ({ type, content }: Value): boolean => type.kind === "any" && content === null;
  if (isPlainNull(whenTrue)) return (chosen) => (chosen === whenTrue ? convertNull(whenFalse) : chosen);
  if (isPlainNull(whenFalse)) return (chosen) => (chosen === whenFalse ? convertNull(whenTrue) : chosen);
  if (whenTrue.type.kind === "any" || whenFalse.type.kind === "any") return (chosen) => chosen;
  const common = unify([whenTrue.type, whenFalse.type], "unsafe");
  if (common === undefined) {
    throw new HclError(
      `the two results of a conditional must have one type, and they are a ${nameOf(whenTrue.type)} and a ${nameOf(whenFalse.type)}`,
    );
  }
  const [first = same, second = same] = common.conversions;
  return (chosen) => (chosen === whenTrue ? first(chosen) : second(chosen));
}

function same(value: Value): Value {
  return value;
}

function convertNull(other: Value): Value {
  return other.type.kind === "any" ? NULL : nullOf(other.type);
}

function binaryOf(expression: Extract<Expression, { kind: "binary" }>, scope: Scope, items: Items): Value {
  const { operator } = expression;
  if (operator !== "&&" && operator !== "||") {
    const left = evaluate(expression.left, scope, items);
    return applyBinary(operator, left, evaluate(expression.right, scope, items));
  }
  const left = booleanAttempt(expression.left, scope, items);
  const right = booleanAttempt(expression.right, scope, items);
  const decisive = operator === "||";
  for (const side of [left, right]) {
    if (side.value.content === decisive && side.error === undefined) return side.value;
  }
  const failed = left.error ?? right.error;
  if (failed !== undefined) throw failed;
  return applyBinary(operator, left.value, right.value);
}

/** Either side of `&&` and `||` may have no value, where the other one decides. */
function booleanAttempt(expression: Expression, scope: Scope, items: Items): Attempt {
  const own = attempt(expression, scope, items);
  if (own.error !== undefined) return own;
  try {
    const value = convert(own.value, BOOL);
    if (isNull(value)) throw new HclError("it is null");
    return { value };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    throw new HclError(`the operand is wrong: ${error.message}`, expression.range);
  }
}

function isReference(key: Expression): boolean {
  if (key.kind === "variable") return true;
  return (key.kind === "attribute" || (key.kind === "index" && key.isFixed)) && isReference(key.source);
}

function objectFrom(members: readonly ObjectItem[], scope: Scope, items: Items): Value {
  const entries: [string, Value][] = [];
  let isWhole = true;
  for (const { key, name, value } of members) {
    if (name === undefined && isReference(key)) {
      throw new HclError("write the key in quotes, or in parentheses where it is a reference", key.range);
    }
    const keyValue = name === undefined ? evaluate(key, scope, items) : text(name);
    const item = evaluate(value, scope, items);
    if (isNull(keyValue)) throw new HclError("null cannot be a key", key.range);
    const converted = located(key.range, () => convert(keyValue, STRING));
    if (isKnown(converted)) entries.push([asText(converted), item]);
    else isWhole = false;
  }
  return isWhole ? object(entries) : UNKNOWN_VALUE;
}

function loop(expression: ForExpression, scope: Scope, items: Items): Value {
  const collection = evaluate(expression.collection, scope, items);
  if (isNull(collection)) throw new HclError("a for needs a collection, and this is null", expression.collection.range);
  if (collection.type.kind === "any") return UNKNOWN_VALUE;
  if (isKnown(collection) && !canIterate(collection)) {
    throw new HclError(`a for cannot go through a ${nameOf(collection.type)}`, expression.collection.range);
  }
  const inner = (key: Value, value: Value): Scope =>
    childScope(scope, [
      ...(expression.keyName === undefined ? [] : [[expression.keyName, key] as const]),
      [expression.valueName, value] as const,
    ]);
  // A condition that is wrong for every element is wrong for none of them as well.
  isIncluded(expression, inner(UNKNOWN_VALUE, UNKNOWN_VALUE), items);
  if (!isKnown(collection)) return UNKNOWN_VALUE;
  const scopes: Scope[] = [];
  for (const [key, value] of elementsOf(collection)) {
    const turn = inner(key, value);
    const included = isIncluded(expression, turn, items);
    if (included === undefined) return UNKNOWN_VALUE;
    if (included) scopes.push(turn);
  }
  const { key: keyExpression } = expression;
  if (keyExpression === undefined) return tuple(scopes.map((turn) => evaluate(expression.value, turn, items)));
  return keyed(expression, keyExpression, scopes, items);
}

/** @returns undefined where that is not known */
function isIncluded({ condition }: ForExpression, scope: Scope, items: Items): boolean | undefined {
  if (condition === undefined) return true;
  const value = evaluate(condition, scope, items);
  if (isNull(value)) throw new HclError("the condition of the for is null", condition.range);
  const included = conditionOf(value, condition);
  return isKnown(included) ? isTrue(included) : undefined;
}

function keyed(expression: ForExpression, keyExpression: Expression, scopes: readonly Scope[], items: Items): Value {
  const groups = new Map<string, Value[]>();
  for (const scope of scopes) {
    const keyValue = evaluate(keyExpression, scope, items);
    if (isNull(keyValue)) throw new HclError("null cannot be a key", keyExpression.range);
    if (!isKnown(keyValue)) return UNKNOWN_VALUE;
    const key = asText(located(keyExpression.range, () => convert(keyValue, STRING)));
    const value = evaluate(expression.value, scope, items);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else if (expression.groups) group.push(value);
    else
      throw new HclError(`two elements have the key ${JSON.stringify(key)}: write ... after the value to group them`);
  }
  return object([...groups].map(([key, values]) => [key, expression.groups ? tuple(values) : (values[0] ?? NULL)]));
}

function templateOf(parts: readonly Expression[], scope: Scope, items: Items): Value {
  let result = "";
  let isWhole = true;
  for (const part of parts) {
    const value = evaluate(part, scope, items);
    if (isNull(value)) throw new HclError("null cannot be put into a text", part.range);
    if (!isKnown(value)) {
      isWhole = false;
      continue;
    }
    result += textIn(value, part.range);
  }
  return isWhole ? text(result) : unknownOf(STRING);
}

function textIn(value: Value, range: Expression["range"]): string {
  if (isCollection(value.type) || !["string", "number", "bool"].includes(value.type.kind)) {
    throw new HclError(`a ${nameOf(value.type)} cannot be put into a text`, range);
  }
  return asText(convert(value, STRING));
}

function joined(turns: Value): Value {
  if (!isKnown(turns)) return unknownOf(STRING);
  const texts = itemsOf(turns).map((turn) => {
    if (isNull(turn)) throw new HclError("null cannot be put into a text");
    return isKnown(turn) ? asText(convert(turn, STRING)) : undefined;
  });
  return texts.every((part) => part !== undefined) ? text(texts.join("")) : unknownOf(STRING);
}
