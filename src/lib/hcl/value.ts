/** The values of expressions. They are immutable. */
import { spend, spendOnText } from "../limits/budget.ts";
import { compare, fromInteger, toGeneral } from "./number.ts";
import type { HclNumber } from "./number.ts";
import { HclError } from "./source.ts";
import {
  ANY,
  BOOL,
  NUMBER,
  STRING,
  equalTypes,
  hasAny,
  listOf,
  mapOf,
  nameOf,
  objectOf,
  setOf,
  tupleOf,
} from "./type.ts";
import type { Type } from "./type.ts";

/** The content of an unknown value, which an expression with an error has. */
export const UNKNOWN = Symbol("unknown");

type Content =
  | string
  | boolean
  | HclNumber
  | null
  | typeof UNKNOWN
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | { readonly host: unknown };

/**
 * `content` by type: text, a boolean, a number; an array for lists, sets (in their order) and tuples; a map, its keys in order,
 * for maps and objects; null and UNKNOWN for all.
 */
export interface Value {
  readonly type: Type;
  readonly content: Content;
}

export const TRUE: Value = { type: BOOL, content: true };
export const FALSE: Value = { type: BOOL, content: false };
export const UNKNOWN_VALUE: Value = { type: ANY, content: UNKNOWN };
export const NULL: Value = { type: ANY, content: null };

export function text(content: string): Value {
  spendOnText(content.length);
  return { type: STRING, content: content.normalize("NFC") };
}

export function bool(content: boolean): Value {
  return content ? TRUE : FALSE;
}

export function number(content: HclNumber): Value {
  return { type: NUMBER, content };
}

export function integer(content: number | bigint): Value {
  return number(fromInteger(content));
}

export function nullOf(type: Type): Value {
  return { type, content: null };
}

export function unknownOf(type: Type): Value {
  return { type, content: UNKNOWN };
}

export function tuple(content: readonly Value[]): Value {
  spend(content.length);
  return { type: tupleOf(content.map(({ type }) => type)), content };
}

/** Compares texts as Go does: by their bytes. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    // Surrogates are greater than all other code units.
    const isSurrogateA = a >= 0xd800 && a <= 0xdfff;
    const isSurrogateB = b >= 0xd800 && b <= 0xdfff;
    if (isSurrogateA !== isSurrogateB) return isSurrogateA ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

function sorted(entries: Iterable<readonly [string, Value]>): Map<string, Value> {
  const all = [...entries];
  spend(all.length);
  return new Map(all.sort(([left], [right]) => compareTexts(left, right)));
}

export function object(entries: Iterable<readonly [string, Value]>): Value {
  const content = sorted(entries);
  return { type: objectOf([...content].map(([name, { type }]) => [name, type] as const)), content };
}

/** Whether all values have the same type. */
export function haveOneType(values: readonly Value[]): boolean {
  spend(values.length);
  let first: Type | undefined;
  for (const { type } of values) {
    if (type.kind === "any") continue;
    if (first === undefined) first = type;
    else if (!equalTypes(first, type)) return false;
  }
  return true;
}

function elementTypeOf(values: readonly Value[], otherwise: Type): Type {
  return values.find(({ type }) => type.kind !== "any")?.type ?? values[0]?.type ?? otherwise;
}

/**
 * @param element type of the elements of an empty collection
 * @throws HclError for values of different types
 */
export function list(values: readonly Value[], element: Type = ANY): Value {
  mustHaveOneType(values, "list");
  const type = elementTypeOf(values, element);
  return { type: listOf(type), content: values.map((value) => typed(value, type)) };
}

/** An element without a type gets the one of its collection. */
function typed(value: Value, type: Type): Value {
  return value.type.kind === "any" ? { type, content: value.content } : value;
}

/** @throws HclError for values of different types */
export function map(entries: Iterable<readonly [string, Value]>, element: Type = ANY): Value {
  const content = sorted(entries);
  mustHaveOneType([...content.values()], "map");
  const type = elementTypeOf([...content.values()], element);
  return {
    type: mapOf(type),
    content: new Map([...content].map(([key, value]) => [key, typed(value, type)] as const)),
  };
}

/** @throws HclError for values of different types */
export function set(values: readonly Value[], element: Type = ANY): Value {
  mustHaveOneType(values, "set");
  const buckets = new Map<string, Value[]>();
  const type = elementTypeOf(values, element);
  for (const value of values.map((item) => typed(item, type))) {
    const key = orderKey(value);
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [value]);
    else if (!bucket.some((other) => isTrue(equals(other, value)))) bucket.push(value);
  }
  return {
    type: setOf(type),
    content: [...buckets.values()].flat().sort(compareElements),
  };
}

function mustHaveOneType(values: readonly Value[], kind: string): void {
  if (!haveOneType(values)) throw new HclError(`all ${kind} elements must have the same type`);
}

/** The order of the elements of a set: plain ones by value, others in some order that is always the same. */
function compareElements(left: Value, right: Value): number {
  if ((left.content === null) !== (right.content === null)) return left.content === null ? 1 : -1;
  if (left.type.kind === "number" && right.type.kind === "number" && left.content !== null && right.content !== null) {
    return compare(asNumber(left), asNumber(right));
  }
  if (left.type.kind === "bool") return Number(left.content) - Number(right.content);
  if (typeof left.content === "string" && typeof right.content === "string") {
    return compareTexts(left.content, right.content);
  }
  return compareTexts(orderKey(left), orderKey(right));
}

/** Equal for equal values. Source of the form, which decides the order: go-cty, cty/set_internals.go. */
function orderKey(value: Value): string {
  const { content, type } = value;
  spend();
  if (content === UNKNOWN) return "?";
  if (content === null) return "~";
  if (typeof content === "boolean") return content ? "T" : "F";
  if (typeof content === "string") return JSON.stringify(content);
  if (type.kind === "number") {
    const own = asNumber(value);
    return (own.negative ? "-" : "") + (own.infinite ? "Inf" : toGeneral(own, 10));
  }
  if (content instanceof Map) {
    const entries = [...(content as ReadonlyMap<string, Value>)];
    if (type.kind === "map") {
      return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${orderKey(item)};`).join("")}}`;
    }
    return `<${entries.map(([, item]) => `${orderKey(item)};`).join("")}>`;
  }
  const items = (content as readonly Value[]).map((item) => `${orderKey(item)};`).join("");
  return type.kind === "tuple" ? `<${items}>` : `[${items}]`;
}

export function isKnown(value: Value): boolean {
  return value.content !== UNKNOWN;
}

/** Whether no part of it is unknown. */
export function isWhollyKnown(value: Value): boolean {
  spend();
  if (value.content === UNKNOWN) return false;
  if (!canIterate(value)) return true;
  return elementsOf(value).every(([, item]) => isWhollyKnown(item));
}

export function isNull(value: Value): boolean {
  return value.content === null;
}

export function isTrue(value: Value): boolean {
  return value.content === true;
}

/** @throws HclError for null and unknown values */
export function asText(value: Value): string {
  if (typeof value.content === "string") return value.content;
  throw unusable(value, "string");
}

/** @throws HclError for null and unknown values */
export function asNumber(value: Value): HclNumber {
  const { content } = value;
  if (value.type.kind === "number" && typeof content === "object" && content !== null) return content as HclNumber;
  throw unusable(value, "number");
}

function unusable(value: Value, wanted: string): HclError {
  if (value.content === null) return new HclError(`a ${wanted} is required, but the value is null`);
  if (value.content === UNKNOWN) return new HclError("the value is not known");
  return new HclError(`a ${wanted} is required, but the value is a ${nameOf(value.type)}`);
}

/** Whether it can be iterated. */
export function canIterate(value: Value): boolean {
  if (value.content === null || value.content === UNKNOWN) return false;
  return Array.isArray(value.content) || value.content instanceof Map;
}

/** Its elements, each with its index, its key, or, of a set, itself. */
export function elementsOf(value: Value): readonly (readonly [Value, Value])[] {
  const { content, type } = value;
  spend(sizeOf(value));
  if (content instanceof Map) {
    return [...(content as ReadonlyMap<string, Value>)].map(([key, item]) => [text(key), item] as const);
  }
  if (!Array.isArray(content)) return [];
  const items = content as readonly Value[];
  if (type.kind === "set") return items.map((item) => [item, item] as const);
  return items.map((item, index) => [integer(index), item] as const);
}

export function itemsOf(value: Value): readonly Value[] {
  const { content } = value;
  if (content instanceof Map) {
    spend(content.size);
    return [...(content as ReadonlyMap<string, Value>).values()];
  }
  return Array.isArray(content) ? (content as readonly Value[]) : [];
}

export function entriesOf(value: Value): ReadonlyMap<string, Value> {
  return value.content instanceof Map ? (value.content as ReadonlyMap<string, Value>) : new Map<string, Value>();
}

export function sizeOf(value: Value): number {
  return value.content instanceof Map ? value.content.size : itemsOf(value).length;
}

/** True, false, or unknown. Values of different types are not equal, except nulls. */
export function equals(left: Value, right: Value): Value {
  spend();
  if (left.content === UNKNOWN || right.content === UNKNOWN) {
    const [known, other] = left.content === UNKNOWN ? [right, left] : [left, right];
    if (known.content === UNKNOWN || known.content === null || hasAny(other.type)) return unknownOf(BOOL);
    return equalTypes(left.type, right.type) ? unknownOf(BOOL) : FALSE;
  }
  if (left.content === null || right.content === null) return bool(left.content === right.content);
  if (hasUnknownType(left) || hasUnknownType(right)) return unknownOf(BOOL);
  if (!equalTypes(left.type, right.type)) return FALSE;
  if (left.type.kind === "number") return bool(compare(asNumber(left), asNumber(right)) === 0);
  if (!canIterate(left)) return bool(left.content === right.content);
  if (sizeOf(left) !== sizeOf(right)) return FALSE;
  if (left.type.kind === "set") {
    const others = itemsOf(right);
    return bool(itemsOf(left).every((item) => others.some((other) => isTrue(equals(item, other)))));
  }
  if (left.content instanceof Map) {
    const others = entriesOf(right);
    return allOf(
      [...entriesOf(left)].map(([key, item]) => {
        const other = others.get(key);
        return other === undefined ? FALSE : equals(item, other);
      }),
    );
  }
  const others = itemsOf(right);
  return allOf(itemsOf(left).map((item, index) => equals(item, others[index] ?? NULL)));
}

function allOf(results: readonly Value[]): Value {
  for (const result of results) {
    if (result.content === UNKNOWN) return result;
    if (result.content === false) return FALSE;
  }
  return TRUE;
}

/** Whether some part of it has an unknown type. */
function hasUnknownType(value: Value): boolean {
  spend();
  if (value.content === UNKNOWN) return value.type.kind === "any";
  return canIterate(value) && itemsOf(value).some(hasUnknownType);
}
