/** Functions whose arguments are not values: expressions that may fail, and types. */
import { convert } from "../convert.ts";
import { aboutArgument, openParameter, valueAt } from "../function.ts";
import type { Closure, Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { BOOL } from "../type.ts";
import type { Type } from "../type.ts";
import { FALSE, TRUE, UNKNOWN_VALUE, isWhollyKnown, unknownOf } from "../value.ts";
import type { Value } from "../value.ts";

function hostOf(value: Value): unknown {
  const { content } = value;
  return typeof content === "object" && content !== null && "host" in content ? content.host : undefined;
}

/** @returns undefined with the error if it fails */
function attempt(argument: Value): { readonly value?: Value; readonly error?: HclError } {
  try {
    return { value: (hostOf(argument) as Closure).evaluate() };
  } catch (error) {
    if (error instanceof HclError) return { error };
    throw error;
  }
}

export const LAZY: Functions = {
  can: {
    description: "True if the expression has a value.",
    parameters: [{ name: "expression", type: { kind: "expression" } }],
    run: (args) => {
      const { value } = attempt(valueAt(args, 0));
      if (value === undefined) return FALSE;
      return isWhollyKnown(value) ? TRUE : unknownOf(BOOL);
    },
  },
  convert: {
    description: "The value as one of another type.",
    parameters: [openParameter("value"), { name: "type", type: { kind: "type" } }],
    run: (args) =>
      aboutArgument(0, () => {
        const value = valueAt(args, 0);
        // In the reference, attributes of the result are not optional any more, and the value has to fit that.
        return convert(value, convert(value, hostOf(valueAt(args, 1)) as Type).type);
      }),
  },
  try: {
    description: "The value of the first expression that has one.",
    parameters: [],
    variadic: { name: "expressions", type: { kind: "expression" } },
    run: (args) => {
      if (args.length === 0) throw new HclError("at least one expression is needed");
      const messages: string[] = [];
      for (const argument of args) {
        const { value, error } = attempt(argument);
        if (value !== undefined) return isWhollyKnown(value) ? value : UNKNOWN_VALUE;
        if (error !== undefined) messages.push(error.message);
      }
      throw new HclError(`no expression has a value: ${messages.join("; ")}`);
    },
  },
};
