/** What `&&` and `||` make of sides that are null, unknown or wrong. */
import type { HclError } from "./source.ts";
import { BOOL } from "./type.ts";
import { bool, isKnown, unknownOf } from "./value.ts";
import type { Value } from "./value.ts";

/** An expression evaluated with its own errors. Whether they matter is decided later. */
export interface Attempt {
  /** Unknown after an error. */
  readonly value: Value;
  readonly faults: readonly HclError[];
}

/**
 * What one side of `&&` or `||` decides, with the errors of that side only. Source: HCL v2.24, whose values say that null is false: so
 * `null && x` is false, but `null || false` is an error.
 * @returns undefined if both sides are needed
 */
export function shortCircuit(operator: "&&" | "||", left: Attempt, right: Attempt): Attempt | undefined {
  const deciding = operator === "||";
  const truthOf = ({ value }: Attempt): boolean | undefined => (isKnown(value) ? value.content === true : undefined);
  const first = truthOf(left);
  const second = truthOf(right);
  const unknown = unknownOf(BOOL);
  if (first === undefined && second === undefined) {
    return left.faults.length === 0 ? { value: unknown, faults: [] } : undefined;
  }
  if (first === deciding) return { value: bool(deciding), faults: left.faults };
  if (second === deciding) return { value: bool(deciding), faults: right.faults };
  if (first === undefined) return { value: unknown, faults: left.faults };
  return second === undefined ? { value: unknown, faults: right.faults } : undefined;
}
