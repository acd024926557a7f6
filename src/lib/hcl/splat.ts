/** What a splat expression makes of its source: `source[*].name`. */
import type { Attempt } from "./short-circuit.ts";
import { HclError } from "./source.ts";
import { listOf, tupleOf } from "./type.ts";
import type { Type } from "./type.ts";
import { UNKNOWN_VALUE, isKnown, isNull, itemsOf, list, tuple, unknownOf } from "./value.ts";
import type { Value } from "./value.ts";

type Each = (item: Value) => Attempt;

/** The type of the result, also if no element is known or one has an error. A value of another type counts as a tuple of one. */
function typeOfResult(source: Type, each: Each): { readonly type: Type; readonly faults: readonly HclError[] } {
  if (source.kind === "list" || source.kind === "set") {
    const { value, faults } = each(unknownOf(source.element));
    return { type: listOf(value.type), faults };
  }
  const attempts = (source.kind === "tuple" ? source.elements : [source]).map((type) => each(unknownOf(type)));
  return { type: tupleOf(attempts.map(({ value }) => value.type)), faults: attempts.flatMap(({ faults }) => faults) };
}

/**
 * @throws HclError for a sequence that is null, and for elements that cannot be in one list
 */
export function splat(source: Value, each: Each): Attempt {
  const { kind } = source.type;
  const isSequence = kind === "tuple" || kind === "list" || kind === "set";
  if (isNull(source)) {
    if (isSequence) throw new HclError("a splat needs a sequence, but this is null");
    return { value: tuple([]), faults: [] };
  }
  if (kind === "any") return { value: UNKNOWN_VALUE, faults: [] };
  if (isSequence && !isKnown(source)) {
    const { type, faults } = typeOfResult(source.type, each);
    return { value: unknownOf(type), faults };
  }
  const attempts = (isSequence ? itemsOf(source) : [source]).map(each);
  const faults = attempts.flatMap((attempt) => attempt.faults);
  // It may become null, of which the result is empty.
  if (!isKnown(source)) return { value: UNKNOWN_VALUE, faults };
  if (faults.length > 0) return { value: unknownOf(typeOfResult(source.type, each).type), faults };
  const values = attempts.map(({ value }) => value);
  if (kind !== "list" && kind !== "set") return { value: tuple(values), faults };
  if (values.length > 0) return { value: list(values), faults };
  const ofNone = each(unknownOf(source.type.element));
  return { value: list([], ofNone.value.type), faults: ofNone.faults };
}
