import { constraintNameOf, equalTypes, nameOf } from "./type.ts";
import type { Type } from "./type.ts";

type CanConvert = (from: Type, to: Type) => boolean;

/** Why a value of one type does not fit another type. */
export function mismatch(from: Type, to: Type, canConvert: CanConvert): string {
  if (from.kind === "object" && to.kind === "object") {
    const missing = [...to.attributes.keys()].filter(
      (name) => !from.attributes.has(name) && to.optional?.has(name) !== true,
    );
    if (missing.length > 0) return `missing attributes: ${missing.sort().join(", ")}`;
    for (const [name, wanted] of to.attributes) {
      const own = from.attributes.get(name);
      if (own !== undefined && !equalTypes(own, wanted) && !canConvert(own, wanted)) {
        return `attribute "${name}": ${mismatch(own, wanted, canConvert)}`;
      }
    }
  }
  if (from.kind === "tuple" && (to.kind === "list" || to.kind === "set")) {
    if (to.element.kind === "any") return `all ${to.kind} elements must have the same type`;
    for (const [index, own] of from.elements.entries()) {
      if (equalTypes(own, to.element) || canConvert(own, to.element)) continue;
      return `element ${index}: ${mismatch(own, to.element, canConvert)}`;
    }
  }
  if (from.kind === "object" && to.kind === "map" && to.element.kind === "any") {
    return "all map elements must have the same type";
  }
  return `${constraintNameOf(to)} required, but the value is ${nameOf(from)}`;
}
