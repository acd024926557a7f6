/**
 * Conversions between types, and the common type of several values. They need each other: a tuple becomes a list of its elements' common type. Rules: go-cty, docs/convert.md.
 */
import { spend } from "../limits/budget.ts";
import { mismatch } from "./mismatch.ts";
import { toText } from "./number.ts";
import { HclError } from "./source.ts";
import { textToBool, textToNumber } from "./text-conversion.ts";
import { preferredOrder } from "./type-order.ts";
import {
  ANY,
  equalTypes,
  isCollection,
  isPlain,
  listOf,
  mapOf,
  objectOf,
  setOf,
  tupleOf,
  withoutOptional,
} from "./type.ts";
import type { ObjectType, Type } from "./type.ts";
import {
  UNKNOWN_VALUE,
  asNumber,
  entriesOf,
  isKnown,
  isNull,
  isTrue,
  itemsOf,
  list,
  map,
  nullOf,
  object,
  set,
  text,
  tuple,
  unknownOf,
} from "./value.ts";
import type { Value } from "./value.ts";

type Conversion = (value: Value) => Value;

/** Which conversions are used: only those that never fail, or also those that fail for some values. */
type Mode = "safe" | "unsafe";

const SAME: Conversion = (value) => value;

/**
 * @throws HclError if the value cannot be converted; the message says what is required
 */
export function convert(value: Value, to: Type): Value {
  spend();
  if (equalTypes(value.type, withoutOptional(to))) return value;
  const conversion = conversionOf(value.type, to, "unsafe");
  if (conversion === undefined) throw new HclError(mismatch(value.type, to, canConvert));
  return conversion(value);
}

export function canConvert(from: Type, to: Type): boolean {
  return conversionOf(from, to, "unsafe") !== undefined;
}

/** @returns undefined if no value of the one type can be converted to the other */
export function conversionOf(from: Type, to: Type, mode: Mode): Conversion | undefined {
  spend();
  const conversion = knownConversion(from, to, mode);
  if (conversion === undefined) return undefined;
  if (to.kind === "any") return SAME;
  return (value) => {
    spend();
    if (!isKnown(value)) return unknownOf(filledIn(value.type, withoutOptional(to)));
    if (isNull(value)) return nullOf(filledIn(value.type, withoutOptional(to)));
    return conversion(value);
  };
}

function knownConversion(from: Type, to: Type, mode: Mode): Conversion | undefined {
  if (to.kind === "any") return SAME;
  if (from.kind === "any") return mode === "unsafe" ? (value) => convert(value, to) : undefined;
  if (isPlain(from) && isPlain(to)) return plainConversion(from, to, mode);
  if (from.kind === "object" && to.kind === "object") return objectToObject(from, to, mode);
  if (from.kind === "tuple" && to.kind === "tuple") return tupleToTuple(from.elements, to.elements, mode);
  if (to.kind === "list" || to.kind === "set") {
    if (from.kind === "tuple") return tupleToSequence(from.elements, to, mode);
    if (from.kind !== "list" && from.kind !== "set") return undefined;
    // A set loses duplicates and the order.
    if (to.kind === "set" && from.kind === "list" && mode === "safe") return undefined;
    return sequenceToSequence(from.element, to, mode);
  }
  if (to.kind === "map") {
    if (from.kind === "map") return mapToMap(from.element, to.element, mode);
    return from.kind === "object" ? objectToMap(from, to.element, mode) : undefined;
  }
  if (to.kind === "object" && from.kind === "map" && mode === "unsafe") return mapToObject(from.element, to);
  return undefined;
}

function plainConversion(from: Type, to: Type, mode: Mode): Conversion | undefined {
  if (from.kind === to.kind) return undefined;
  if (to.kind === "string") {
    return from.kind === "number" ? (value) => text(toText(asNumber(value))) : (value) => text(String(isTrue(value)));
  }
  if (from.kind !== "string" || mode === "safe") return undefined;
  return to.kind === "number" ? textToNumber : textToBool;
}

function sequenceToSequence(
  from: Type,
  to: Extract<Type, { kind: "list" | "set" | "map" }>,
  mode: Mode,
): Conversion | undefined {
  const convertItem = equalTypes(from, to.element) ? SAME : conversionOf(from, to.element, mode);
  if (convertItem === undefined) return undefined;
  const build = to.kind === "set" ? set : list;
  const empty = to.element.kind === "any" ? from : withoutOptional(to.element);
  return (value) => build(itemsOf(value).map(convertItem), empty);
}

function tupleToSequence(
  from: readonly Type[],
  to: Extract<Type, { kind: "list" | "set" | "map" }>,
  mode: Mode,
): Conversion | undefined {
  const build = to.kind === "set" ? set : list;
  if (from.length === 0) return () => build([], withoutOptional(to.element));
  const element = to.element.kind === "any" ? unify(from, mode)?.type : to.element;
  if (element === undefined) return undefined;
  if (to.element.kind === "any" && element.kind === "any" && from.some(({ kind }) => kind !== "any")) return undefined;
  const conversions = from.map((own) => (equalTypes(own, element) ? SAME : conversionOf(own, element, mode)));
  if (!isComplete(conversions)) return undefined;
  return (value) => {
    const items = itemsOf(value).map((item, index) => (conversions[index] ?? SAME)(item));
    return to.kind === "set" ? set(items) : list(alike(items, mode));
  };
}

function isComplete(conversions: readonly (Conversion | undefined)[]): conversions is readonly Conversion[] {
  return conversions.every((conversion) => conversion !== undefined);
}

/** Converts elements whose types still differ below "any" to one type. */
function alike(items: readonly Value[], mode: Mode): readonly Value[] {
  const common = unify(
    items.map(({ type }) => type),
    mode,
  );
  if (common === undefined) throw new HclError("cannot find a common base type for all elements");
  return items.map((item, index) => (common.conversions[index] ?? SAME)(item));
}

function mapToMap(from: Type, to: Type, mode: Mode): Conversion | undefined {
  const convertItem = conversionOf(from, to, mode) ?? (equalTypes(from, to) ? SAME : undefined);
  if (convertItem === undefined) return undefined;
  const empty = to.kind === "any" ? from : withoutOptional(to);
  return (value) =>
    buildMap(
      [...entriesOf(value)].map(([key, item]) => [key, convertItem(item)] as const),
      to,
      empty,
      "safe",
    );
}

function objectToMap(from: ObjectType, to: Type, mode: Mode): Conversion | undefined {
  if (from.attributes.size === 0) return () => map([], withoutOptional(to));
  const element = to.kind === "any" ? unify([...from.attributes.values()], mode)?.type : to;
  if (element === undefined) return undefined;
  const conversions = new Map<string, Conversion>();
  for (const [name, own] of from.attributes) {
    const conversion = equalTypes(own, element) ? SAME : conversionOf(own, element, mode);
    if (conversion === undefined) return undefined;
    conversions.set(name, conversion);
  }
  return (value) => {
    const entries = [...entriesOf(value)].map(([name, item]) => [name, (conversions.get(name) ?? SAME)(item)] as const);
    return buildMap(entries, element, element, mode);
  };
}

function buildMap(entries: readonly (readonly [string, Value])[], element: Type, empty: Type, mode: Mode): Value {
  if (entries.length === 0 || !(isCollection(element) || element.kind === "object")) return map(entries, empty);
  const items = alike(
    entries.map(([, item]) => item),
    mode,
  );
  return map(entries.map(([name], index) => [name, items[index] ?? UNKNOWN_VALUE] as const));
}

function tupleToTuple(from: readonly Type[], to: readonly Type[], mode: Mode): Conversion | undefined {
  if (from.length !== to.length) return undefined;
  const conversions = from.map((own, index) => {
    const wanted = to[index] ?? ANY;
    return equalTypes(own, wanted) ? SAME : conversionOf(own, wanted, mode);
  });
  if (!isComplete(conversions)) return undefined;
  return (value) => tuple(itemsOf(value).map((item, index) => (conversions[index] ?? SAME)(item)));
}

function objectToObject(from: ObjectType, to: ObjectType, mode: Mode): Conversion | undefined {
  const conversions = new Map<string, Conversion>();
  for (const [name, wanted] of to.attributes) {
    const own = from.attributes.get(name);
    if (own === undefined) {
      if (to.optional?.has(name) === true) continue;
      return undefined;
    }
    const conversion = equalTypes(own, wanted) ? SAME : conversionOf(own, wanted, mode);
    if (conversion === undefined) return undefined;
    conversions.set(name, conversion);
  }
  return (value) => {
    const own = entriesOf(value);
    return object(
      [...to.attributes].map(([name, wanted]) => {
        const item = own.get(name);
        return [name, item === undefined ? nullOf(withoutOptional(wanted)) : (conversions.get(name) ?? SAME)(item)];
      }),
    );
  };
}

function mapToObject(from: Type, to: ObjectType): Conversion | undefined {
  const conversions = new Map<string, Conversion | undefined>();
  for (const [name, wanted] of to.attributes) {
    const conversion = equalTypes(from, wanted) ? SAME : conversionOf(from, wanted, "unsafe");
    if (conversion === undefined && to.optional?.has(name) !== true) return undefined;
    conversions.set(name, conversion);
  }
  return (value) => {
    const own = entriesOf(value);
    return object(
      [...to.attributes].map(([name, wanted]) => {
        const item = own.get(name);
        if (item === undefined) {
          if (to.optional?.has(name) === true) return [name, nullOf(withoutOptional(wanted))] as const;
          throw new HclError(`map has no element for required attribute "${name}"`);
        }
        const conversion = conversions.get(name);
        if (conversion === undefined) {
          throw new HclError(
            `map element type is incompatible with attribute "${name}": ${mismatch(from, wanted, canConvert)}`,
          );
        }
        return [name, conversion(item)] as const;
      }),
    );
  };
}

/** The type in which "any" is replaced by the types of the value. */
function filledIn(from: Type, to: Type): Type {
  if (from.kind === "any") return to;
  if (to.kind === "any") return from;
  if (isCollection(to)) {
    const element = elementTypeOf(from, to.kind);
    if (element === undefined) return to;
    const own = filledIn(element, to.element);
    return to.kind === "map" ? mapOf(own) : to.kind === "set" ? setOf(own) : listOf(own);
  }
  if (to.kind === "object") {
    return objectOf(
      [...to.attributes].map(([name, wanted]) => {
        const own = from.kind === "map" ? from.element : from.kind === "object" ? from.attributes.get(name) : undefined;
        return [name, own === undefined ? wanted : filledIn(own, wanted)] as const;
      }),
    );
  }
  if (to.kind === "tuple" && from.kind === "tuple") {
    return tupleOf(to.elements.map((wanted, index) => filledIn(from.elements[index] ?? ANY, wanted)));
  }
  return to;
}

function elementTypeOf(from: Type, kind: "list" | "set" | "map"): Type | undefined {
  if (kind === "map") {
    if (from.kind === "map") return from.element;
    return from.kind === "object" ? (unify([...from.attributes.values()], "unsafe")?.type ?? ANY) : undefined;
  }
  if (from.kind === "list" || from.kind === "set") return from.element;
  return from.kind === "tuple" ? (unify(from.elements, "unsafe")?.type ?? ANY) : undefined;
}

export interface Unified {
  readonly type: Type;
  /** For each of the types, the conversion to the common one. */
  readonly conversions: readonly Conversion[];
}

/** @returns the type that values of all these types can be converted to; undefined without one */
export function unify(types: readonly Type[], mode: Mode): Unified | undefined {
  if (types.length === 0) return undefined;
  const count = (kind: Type["kind"]): number => types.filter((type) => type.kind === kind).length;
  const withAny = (...kinds: Type["kind"][]): boolean =>
    kinds.reduce((sum, kind) => sum + count(kind), count("any")) === types.length;
  for (const kind of ["map", "list", "set"] as const) {
    if (count(kind) === 0) continue;
    if (withAny(kind)) return unifyCollections(types, kind, mode);
    if (kind === "set") continue;
    const structure = kind === "map" ? "object" : "tuple";
    if (!withAny(kind, structure)) continue;
    const common = unifyWithStructures(types, structure, kind, mode);
    if (common !== undefined) return common;
  }
  if (count("object") > 0 && withAny("object")) return unifyObjects(types as readonly ObjectType[], mode);
  if (count("tuple") > 0 && withAny("tuple")) return unifyTuples(types, mode);
  if (count("object") > 0 && count("tuple") > 0) return undefined;
  for (const index of preferredOrder(types)) {
    const wanted = types[index] ?? ANY;
    const common = allTo(types, wanted, mode);
    if (common !== undefined) return common;
  }
  return undefined;
}

function allTo(types: readonly Type[], wanted: Type, mode: Mode): Unified | undefined {
  const conversions = types.map((type) => (equalTypes(type, wanted) ? SAME : conversionOf(type, wanted, mode)));
  return isComplete(conversions) ? { type: wanted, conversions } : undefined;
}

function allUnknown(types: readonly Type[]): Unified {
  return { type: ANY, conversions: types.map(() => () => UNKNOWN_VALUE) };
}

function unifyCollections(types: readonly Type[], kind: "list" | "set" | "map", mode: Mode): Unified | undefined {
  const elements = types.flatMap((type) => (isCollection(type) ? [type.element] : []));
  if (elements.length < types.length) return allUnknown(types);
  const element = unify(elements, mode)?.type;
  return element === undefined ? undefined : allTo(types, { kind, element }, mode);
}

/** Tuples and objects are tried as collections first, because files often mean these. */
function unifyWithStructures(
  types: readonly Type[],
  structure: "object" | "tuple",
  collection: "map" | "list",
  mode: Mode,
): Unified | undefined {
  const own = types.filter(({ kind }) => kind === structure);
  const common = structuresToCollection(own, collection, mode);
  if (common === undefined) return undefined;
  const replaced = unify(
    types.map((type) => (type.kind === structure ? common.type : type)),
    mode,
  );
  if (replaced?.type.kind !== collection) return undefined;
  return allTo(types, replaced.type, mode);
}

function structuresToCollection(types: readonly Type[], kind: "map" | "list", mode: Mode): Unified | undefined {
  const parts = types.flatMap((type) =>
    type.kind === "object" ? [...type.attributes.values()] : type.kind === "tuple" ? type.elements : [],
  );
  const element = unify(parts, mode)?.type;
  return element === undefined ? undefined : allTo(types, { kind, element }, mode);
}

function unifyObjects(types: readonly ObjectType[], mode: Mode): Unified | undefined {
  if (types.some(({ kind }) => kind !== "object")) return allUnknown(types);
  const [first] = types;
  if (first === undefined) return undefined;
  const names = [...first.attributes.keys()];
  const haveTheSame = types.every(
    ({ attributes }) => attributes.size === names.length && names.every((name) => attributes.has(name)),
  );
  if (!haveTheSame) return structuresToCollection(types, "map", mode);
  const attributes: [string, Type][] = [];
  for (const name of names) {
    const common = unify(
      types.map((type) => type.attributes.get(name) ?? ANY),
      mode,
    );
    if (common === undefined) return undefined;
    attributes.push([name, common.type]);
  }
  return allTo(types, objectOf(attributes), mode) ?? structuresToCollection(types, "map", mode);
}

function unifyTuples(types: readonly Type[], mode: Mode): Unified | undefined {
  const tuples = types.flatMap((type) => (type.kind === "tuple" ? [type.elements] : []));
  if (tuples.length < types.length) return allUnknown(types);
  const [first = []] = tuples;
  if (tuples.some((elements) => elements.length !== first.length)) return structuresToCollection(types, "list", mode);
  const elements: Type[] = [];
  for (const index of first.keys()) {
    const common = unify(
      tuples.map((own) => own[index] ?? ANY),
      mode,
    );
    if (common === undefined) return undefined;
    elements.push(common.type);
  }
  return allTo(types, tupleOf(elements), mode) ?? structuresToCollection(types, "list", mode);
}
