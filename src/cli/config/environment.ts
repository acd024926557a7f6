/** Settings from the environment: every flag as a variable SLIPWAY_*. */
import { InvalidInput } from "../../errors.ts";
import type { Keys } from "./keys.ts";
import type { Settings } from "./parse-config.ts";
import { booleanOf } from "../../lib/text/booleans.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** `build-arg` is SLIPWAY_BUILD_ARG. */
export function variableOf(flag: string): string {
  return `SLIPWAY_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * An empty variable counts as unset. Several values are on one line each, as every other separator occurs in values.
 * @throws InvalidInput for a value that the flag does not take
 */
export function ownVariables(env: Environment, keys: Keys): Settings {
  return new Map(
    Object.entries(keys).flatMap(([flag, { arity, options }]): [string, readonly string[]][] => {
      const name = variableOf(flag);
      const text = env[name] ?? "";
      if (text === "") return [];
      if (arity === "nothing") {
        const on = booleanOf(text);
        if (on !== undefined) return [[flag, [String(on)]]];
        throw new InvalidInput(`${name} is "${text}", which is neither true nor false`, {
          suggestions: [`Write ${name}=true or ${name}=false, or unset it.`],
        });
      }
      const values = arity === "values" ? text.split(/\r?\n/).filter((line) => line !== "") : [text];
      const invalid = values.find((value) => options?.includes(value) === false);
      if (invalid === undefined) return [[flag, values]];
      throw new InvalidInput(`${name} cannot be "${invalid}"`, {
        suggestions: [`Write one of: ${options?.join(", ")}.`],
      });
    }),
  );
}
