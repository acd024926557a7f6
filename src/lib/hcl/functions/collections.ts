/** Functions of lists, tuples, maps and objects. */
import { convert, unify } from "../convert.ts";
import { indexOf } from "../access.ts";
import {
  ArgumentError,
  aboutArgument,
  anyParameter,
  int64At,
  numberParameter,
  openParameter,
  textAt,
  textParameter,
  valueAt,
  wholeAt,
} from "../function.ts";
import type { Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { ANY, NUMBER, STRING, equalTypes, listOf, nameOf } from "../type.ts";
import type { Type } from "../type.ts";
import {
  FALSE,
  TRUE,
  UNKNOWN_VALUE,
  asText,
  canIterate,
  elementsOf,
  entriesOf,
  equals,
  integer,
  isKnown,
  isNull,
  isTrue,
  isWhollyKnown,
  itemsOf,
  list,
  map,
  object,
  sizeOf,
  text,
  tuple,
  unknownOf,
} from "../value.ts";
import type { Value } from "../value.ts";
import { numbersInRange } from "./numeric.ts";

function isSequence({ kind }: Type): boolean {
  return kind === "list" || kind === "tuple" || kind === "set";
}

function elementOf(type: Type): Type {
  return type.kind === "list" || type.kind === "set" || type.kind === "map" ? type.element : ANY;
}

/** A list for a list, a tuple for a tuple. */
function likeSequence(type: Type, items: readonly Value[]): Value {
  return type.kind === "tuple" ? tuple(items) : list(items, elementOf(type));
}

function flattened(value: Value): Value[] {
  return itemsOf(value).flatMap((item) => (!isNull(item) && isSequence(item.type) ? flattened(item) : [item]));
}

function hasIndex(collection: Value, key: Value): Value {
  const wanted = collection.type.kind === "map" ? "string" : "number";
  if (key.type.kind !== wanted || isNull(key)) return FALSE;
  try {
    indexOf(collection, key);
    return TRUE;
  } catch (error) {
    if (error instanceof HclError) return FALSE;
    throw error;
  }
}

function mustBeIndexable(type: Type): void {
  if (!["list", "tuple", "map", "any"].includes(type.kind)) {
    throw new HclError(`a list, a tuple or a map is required, not a ${nameOf(type)}`);
  }
}

function sliceOf(args: readonly Value[]): Value {
  const source = valueAt(args, 0);
  if (source.type.kind !== "list" && source.type.kind !== "tuple") {
    throw new ArgumentError(0, "it must be a list or a tuple");
  }
  const items = itemsOf(source);
  const start = wholeAt(args, 1);
  const end = wholeAt(args, 2);
  for (const [index, position] of [start, end].entries()) {
    if (position < 0) throw new ArgumentError(index + 1, "it must not be negative");
    if (position > items.length) throw new ArgumentError(index + 1, `the list has only ${items.length} elements`);
  }
  if (start > end) throw new ArgumentError(1, "the start must not be greater than the end");
  return likeSequence(source.type, items.slice(start, end));
}

function concatenated(args: readonly Value[]): Value {
  if (args.length === 0) throw new HclError("at least one list is needed");
  if (args.every(({ type }) => type.kind === "list")) {
    const common = unify(
      args.map(({ type }) => type),
      "unsafe",
    );
    if (common?.type.kind === "list") {
      const { type } = common;
      const items = args.flatMap((own, index) => itemsOf(aboutArgument(index, () => convert(own, type))));
      return list(items, type.element);
    }
  }
  const wrong = args.findIndex(({ type }) => type.kind !== "list" && type.kind !== "tuple");
  if (wrong !== -1) throw new ArgumentError(wrong, "all must be lists or tuples");
  return tuple(args.flatMap(itemsOf));
}

function merged(args: readonly Value[]): Value {
  const [first] = args;
  if (first === undefined) return object([]);
  // Of a null or unknown value the type is unknown, and that of the values after it is not looked at.
  const wrong = args.find(({ type }) => type.kind !== "map" && type.kind !== "object");
  if (wrong !== undefined && wrong.type.kind !== "any") {
    throw new HclError(`all must be maps or objects, not a ${nameOf(wrong.type)}`);
  }
  if (!args.every(isKnown) || args.some(({ type, content }) => type.kind === "any" && content !== null)) {
    return UNKNOWN_VALUE;
  }
  const areAlike = args.every(({ type }) => equalTypes(type, first.type));
  if (areAlike && first.type.kind === "object" && args.every(isNull)) throw new HclError("all objects are null");
  const entries = new Map(args.flatMap(keyedElementsOf));
  return areAlike && first.type.kind === "map" ? map(entries, first.type.element) : object(entries);
}

function keyedElementsOf(value: Value): (readonly [string, Value])[] {
  if (isNull(value)) return [];
  if (!canIterate(value)) throw new HclError(`all must be maps or objects, not a ${nameOf(value.type)}`);
  return elementsOf(value).map(([key, item]) => [asText(key), item]);
}

function zipped(args: readonly Value[]): Value {
  const keys = itemsOf(valueAt(args, 0));
  const values = valueAt(args, 1);
  if (values.type.kind !== "list" && values.type.kind !== "tuple") {
    throw new HclError("the values must be a list or a tuple");
  }
  const items = itemsOf(values);
  if (keys.length !== items.length) {
    throw new HclError(`there are ${keys.length} keys and ${items.length} values`);
  }
  const missing = keys.findIndex(isNull);
  if (missing !== -1) throw new HclError(`key ${missing} is null`);
  const entries = keys.map((key, index) => [asText(key), items[index] ?? UNKNOWN_VALUE] as const);
  return values.type.kind === "list" ? map(entries, values.type.element) : object(entries);
}

function looked(args: readonly Value[]): Value {
  const source = valueAt(args, 0);
  const otherwise = valueAt(args, 2);
  if (source.type.kind !== "map" && source.type.kind !== "object") throw new ArgumentError(0, "it must be a map");
  const { type } = source;
  if (!isWhollyKnown(source)) return UNKNOWN_VALUE;
  const fallback = type.kind === "map" ? aboutArgument(2, () => convert(otherwise, type.element)) : otherwise;
  return entriesOf(source).get(textAt(args, 1)) ?? fallback;
}

/** Limit for the length of the list. */
const MAX_CHUNKS = 1_000_000;

export const COLLECTIONS: Functions = {
  chunklist: {
    description: "The list cut into lists of that many elements; the last one may be shorter.",
    parameters: [{ name: "list", type: listOf(ANY) }, numberParameter("size")],
    run: (args) => {
      const source = valueAt(args, 0);
      const size = wholeAt(args, 1);
      if (size < 0) throw new HclError("the size must not be negative");
      const items = itemsOf(source);
      if (items.length > MAX_CHUNKS) throw new HclError("the list is too long");
      if (items.length === 0) return list([], source.type);
      if (size === 0) return list([source], source.type);
      const chunks: Value[] = [];
      for (let at = 0; at < items.length; at += size) {
        chunks.push(list(items.slice(at, at + size), elementOf(source.type)));
      }
      return list(chunks, source.type);
    },
  },
  coalesce: {
    description: "The first of the values that is not null.",
    parameters: [],
    variadic: openParameter("vals"),
    run: (args) => {
      const common = unify(
        args.map(({ type }) => type),
        "unsafe",
      );
      if (common === undefined) throw new HclError("all must be of one type");
      for (const value of args) {
        if (!isKnown(value)) return unknownOf(common.type);
        if (!isNull(value)) return convert(value, common.type);
      }
      throw new HclError("all are null");
    },
  },
  coalescelist: {
    description: "The first of the lists that has an element.",
    parameters: [],
    variadic: openParameter("vals"),
    run: (args) => {
      if (args.length === 0) throw new HclError("at least one list is needed");
      for (const { type, content } of args) {
        if (typeof content === "symbol") return UNKNOWN_VALUE;
        if (type.kind !== "list" && type.kind !== "tuple") throw new HclError("all must be lists or tuples");
      }
      const chosen = args.find((value) => !isNull(value) && sizeOf(value) > 0);
      if (chosen === undefined) throw new HclError("all are empty");
      return chosen;
    },
  },
  compact: {
    description: "The texts of the list that are not empty.",
    parameters: [{ name: "list", type: listOf(STRING) }],
    run: (args) =>
      list(
        itemsOf(valueAt(args, 0)).filter(({ content }) => content !== null && content !== ""),
        STRING,
      ),
  },
  concat: {
    description: "The elements of all lists in one.",
    parameters: [],
    variadic: anyParameter("seqs"),
    run: concatenated,
  },
  contains: {
    description: "True if the value is in the list, tuple or set.",
    parameters: [anyParameter("list"), anyParameter("value")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (!isSequence(source.type)) throw new HclError("a list, a tuple or a set is required");
      const results = itemsOf(source).map((item) => equals(valueAt(args, 1), item));
      if (results.some(isTrue)) return TRUE;
      return results.every(isKnown) ? FALSE : unknownOf({ kind: "bool" });
    },
  },
  distinct: {
    description: "The list with each value once.",
    parameters: [{ name: "list", type: listOf(ANY) }],
    run: (args) => {
      const source = valueAt(args, 0);
      const kept: Value[] = [];
      for (const item of itemsOf(source)) {
        if (!kept.some((other) => isTrue(equals(other, item)))) kept.push(item);
      }
      return list(kept, elementOf(source.type));
    },
  },
  element: {
    description: "The element with that index, which begins again behind the last one.",
    parameters: [anyParameter("list"), numberParameter("index")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (source.type.kind !== "list" && source.type.kind !== "tuple") {
        throw new HclError(`elements cannot be read from a ${nameOf(source.type)}`);
      }
      const items = itemsOf(source);
      if (items.length === 0) throw new HclError("the list is empty");
      const index = Number(int64At(args, 1) % BigInt(items.length));
      return items[index < 0 ? index + items.length : index] ?? UNKNOWN_VALUE;
    },
  },
  flatten: {
    description: "A tuple of the elements, with those of nested lists in their stead.",
    parameters: [anyParameter("list")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (!isSequence(source.type)) throw new HclError("a list, a tuple or a set is required");
      return tuple(flattened(source));
    },
  },
  hasindex: {
    description: "True if the collection has an element under that key.",
    parameters: [anyParameter("collection", { allowsAny: true }), anyParameter("key", { allowsAny: true })],
    run: (args) => {
      const collection = valueAt(args, 0);
      mustBeIndexable(collection.type);
      return hasIndex(collection, valueAt(args, 1));
    },
  },
  index: {
    description: "The element of the collection under that key.",
    parameters: [anyParameter("collection"), anyParameter("key", { allowsAny: true })],
    run: (args) => {
      const collection = valueAt(args, 0);
      const key = valueAt(args, 1);
      mustBeIndexable(collection.type);
      const wanted = collection.type.kind === "map" ? "string" : "number";
      if (key.type.kind !== wanted) throw new HclError(`the key must be a ${wanted}`);
      return indexOf(collection, key);
    },
  },
  indexof: {
    description: "The index of the value in the list.",
    parameters: [anyParameter("list"), anyParameter("value")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (source.type.kind !== "list" && source.type.kind !== "tuple")
        throw new HclError("a list or a tuple is required");
      const items = itemsOf(source);
      if (items.length === 0) throw new HclError("the list is empty");
      for (const [index, item] of items.entries()) {
        const equal = equals(item, valueAt(args, 1));
        if (!isKnown(equal)) return unknownOf(NUMBER);
        if (isTrue(equal)) return integer(index);
      }
      throw new HclError("the value is not in the list");
    },
  },
  keys: {
    description: "The keys of the map, or the names of the object's attributes, in their order.",
    parameters: [anyParameter("inputMap")],
    run: (args) => {
      const source = valueAt(args, 0);
      const names = [...entriesOf(source).keys()].map(text);
      if (source.type.kind === "map") return list(names, STRING);
      if (source.type.kind === "object") return tuple(names);
      throw new ArgumentError(0, "it must be a map or an object");
    },
  },
  length: {
    description: "How many elements the collection has.",
    parameters: [anyParameter("collection", { allowsUnknown: true, allowsAny: true })],
    run: (args) => {
      const source = valueAt(args, 0);
      if (!isKnown(source)) return unknownOf(NUMBER);
      if (!isSequence(source.type) && source.type.kind !== "map") {
        throw new HclError("a list, a tuple, a set or a map is required");
      }
      return integer(sizeOf(source));
    },
  },
  lookup: {
    description: "The element of the map under that key, or else the default.",
    parameters: [anyParameter("inputMap"), textParameter("key"), anyParameter("default")],
    run: looked,
  },
  merge: {
    description: "The elements of all maps or objects in one; of equal keys the last one counts.",
    parameters: [],
    variadic: anyParameter("maps", { allowsNull: true, allowsAny: true }),
    run: merged,
  },
  range: {
    description: "The numbers from the start to before the end, in steps.",
    parameters: [],
    variadic: numberParameter("params"),
    run: (args) => list(numbersInRange(args), NUMBER),
  },
  reverselist: {
    description: "The elements of the list in the opposite order.",
    parameters: [anyParameter("list")],
    run: (args) => {
      const source = valueAt(args, 0);
      if (!isSequence(source.type))
        throw new ArgumentError(0, `a list or a tuple is required, not a ${nameOf(source.type)}`);
      return likeSequence(source.type, itemsOf(source).toReversed());
    },
  },
  slice: {
    description: "The elements of the list from the start to before the end.",
    parameters: [anyParameter("list"), numberParameter("start_index"), numberParameter("end_index")],
    run: sliceOf,
  },
  values: {
    description: "The values of the map or object, in the order of their keys.",
    parameters: [anyParameter("mapping")],
    run: (args) => {
      const source = valueAt(args, 0);
      const items = elementsOf(source).map(([, item]) => item);
      if (source.type.kind === "map") return list(items, source.type.element);
      if (source.type.kind === "object") return tuple(items);
      throw new HclError("a map or an object is required");
    },
  },
  zipmap: {
    description: "A map of the keys and the values.",
    parameters: [{ name: "keys", type: listOf(STRING) }, anyParameter("values")],
    run: zipped,
  },
};
