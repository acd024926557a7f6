/** Functions of sets. */
import { convert, unify } from "../convert.ts";
import { ArgumentError, aboutArgument, anyParameter, valueAt } from "../function.ts";
import type { FunctionDefinition, Functions, Parameter } from "../function.ts";
import { HclError } from "../source.ts";
import { ANY, setOf, tupleOf } from "../type.ts";
import type { Type } from "../type.ts";
import {
  FALSE,
  TRUE,
  equals,
  haveOneType,
  isTrue,
  isWhollyKnown,
  itemsOf,
  list,
  set,
  sizeOf,
  tuple,
  unknownOf,
} from "../value.ts";
import type { Value } from "../value.ts";

type Items = readonly Value[];

function has(items: Items, value: Value): boolean {
  return items.some((item) => isTrue(equals(item, value)));
}

function commonSetType(args: Items): Type {
  const elements = args.flatMap(({ type, content }) => {
    const element = type.kind === "set" ? type.element : ANY;
    const isEmpty = Array.isArray(content) && content.length === 0;
    return isEmpty && element.kind === "any" ? [] : [element];
  });
  if (elements.length === 0) return setOf(ANY);
  const common = unify(elements, "unsafe");
  if (common === undefined) throw new HclError("the elements of all sets must be of one type");
  return setOf(common.type);
}

function operation(
  description: string,
  combine: (left: Items, right: Items) => Items,
  isVariadic = true,
): FunctionDefinition {
  const parameter = (name: string): Parameter => ({ name, type: setOf(ANY), allowsAny: true });
  return {
    description,
    parameters: isVariadic ? [parameter("first_set")] : [parameter("a"), parameter("b")],
    ...(isVariadic ? { variadic: parameter("other_sets") } : {}),
    run: (args) => {
      const type = commonSetType(args);
      const sets = args.map((own, index) => aboutArgument(index, () => convert(own, type)));
      if (!sets.every(isWhollyKnown)) return unknownOf(type);
      if (!haveOneType(sets)) throw new HclError("the elements of all sets must be of one type");
      const [first = [], ...others] = sets.map(itemsOf);
      return set(others.reduce<Items>(combine, first), type.kind === "set" ? type.element : ANY);
    },
  };
}

function elementTypeIn({ type }: Value, index: number): Type {
  if (type.kind === "set" || type.kind === "list") return type.element;
  if (type.kind !== "tuple") throw new ArgumentError(index, "a set or a list is required");
  if (type.elements.length === 0) return ANY;
  const common = unify(type.elements, "unsafe");
  if (common === undefined) throw new ArgumentError(index, "all its elements must be of one type");
  return common.type;
}

/** Limit for the combinations, as they could fill the memory. */
const MAX_PRODUCT = 1_000_000;

function product(args: Items): Value {
  if (args.length < 2) throw new HclError("at least two sets are needed");
  const types = args.map(elementTypeIn);
  const size = args.reduce((total, own) => total * sizeOf(own), 1);
  if (size > MAX_PRODUCT) throw new HclError(`there would be more than ${MAX_PRODUCT} combinations`);
  let combinations: Items[] = [[]];
  for (const [index, own] of args.entries()) {
    const items = itemsOf(own).map((item) => convert(item, types[index] ?? ANY));
    combinations = combinations.flatMap((before) => items.map((item) => [...before, item]));
  }
  const build = args.every(({ type }) => type.kind !== "set") ? list : set;
  return build(combinations.map(tuple), tupleOf(types));
}

export const SETS: Functions = {
  sethaselement: {
    description: "True if the value is in the set.",
    parameters: [{ name: "set", type: setOf(ANY), allowsAny: true }, anyParameter("elem", { allowsAny: true })],
    run: (args) => (has(itemsOf(valueAt(args, 0)), valueAt(args, 1)) ? TRUE : FALSE),
  },
  setintersection: operation("The values that all sets have.", (left, right) =>
    left.filter((item) => has(right, item)),
  ),
  setproduct: {
    description: "All combinations of one element of each set or list.",
    parameters: [],
    variadic: anyParameter("sets"),
    run: product,
  },
  setsubtract: operation(
    "The values of the first set that the second one does not have.",
    (left, right) => left.filter((item) => !has(right, item)),
    false,
  ),
  setsymmetricdifference: operation("The values that one of two sets has, but not both.", (left, right) => [
    ...left.filter((item) => !has(right, item)),
    ...right.filter((item) => !has(left, item)),
  ]),
  setunion: operation("The values of all sets.", (left, right) => [...left, ...right]),
};
