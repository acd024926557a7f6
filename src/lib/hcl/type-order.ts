/** The order of preference between types, for the common type of several values. */
import { spend } from "../limits/budget.ts";
import { isCollection, isPlain } from "./type.ts";
import type { Type } from "./type.ts";

/** Negative if the first one is preferred; 0 if neither is. */
function preference(left: Type, right: Type): number {
  spend();
  if (left.kind === "any" || right.kind === "any") {
    return Number(left.kind === "any") - Number(right.kind === "any");
  }
  if (isPlain(left) && isPlain(right)) return Number(right.kind === "string") - Number(left.kind === "string");
  if (isCollection(left) && isCollection(right) && left.kind === right.kind) {
    return preference(left.element, right.element);
  }
  const rank = rankOf(left, right);
  if (rank !== 0) return rank;
  if (left.kind === "tuple" && right.kind === "tuple" && left.elements.length === right.elements.length) {
    return together(left.elements.map((element, index) => [element, right.elements[index] ?? element]));
  }
  if (left.kind === "object" && right.kind === "object" && left.attributes.size === right.attributes.size) {
    const pairs: [Type, Type][] = [];
    for (const [name, own] of left.attributes) {
      const other = right.attributes.get(name);
      if (other === undefined) return 0;
      pairs.push([own, other]);
    }
    return together(pairs);
  }
  return 0;
}

/** A list before a tuple, a map before an object, and both sequences before a set. */
function rankOf(left: Type, right: Type): number {
  const sequence = { list: 0, tuple: 1, set: 2 } as const;
  if (left.kind in sequence && right.kind in sequence) {
    return sequence[left.kind as "list"] - sequence[right.kind as "list"];
  }
  if (left.kind === "map" && right.kind === "object") return -1;
  return left.kind === "object" && right.kind === "map" ? 1 : 0;
}

/** Preferred if it is preferred in some part and in no part the other. */
function together(pairs: readonly (readonly [Type, Type])[]): number {
  const preferences = pairs.map(([left, right]) => preference(left, right));
  const isBetter = preferences.some((value) => value < 0);
  const isWorse = preferences.some((value) => value > 0);
  return Number(isWorse) - Number(isBetter);
}

/** The indexes of the types, the preferred ones first. Types that cannot be compared keep their order where possible. */
export function preferredOrder(types: readonly Type[]): number[] {
  const after = types.map((left) => [...types.keys()].filter((index) => preference(left, types[index] ?? left) < 0));
  const waitsFor = types.map((_, index) => after.filter((others) => others.includes(index)).length);
  const order = [...waitsFor.keys()].filter((index) => waitsFor[index] === 0);
  for (const index of order) {
    for (const later of after[index] ?? []) {
      const left = (waitsFor[later] ?? 0) - 1;
      waitsFor[later] = left;
      if (left === 0) order.push(later);
    }
  }
  return order;
}
