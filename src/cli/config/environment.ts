/** Settings out of the environment: every flag as SLIPWAY_*, and those of docker's variables that are the default of a flag. */
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
 * A variable that is empty says nothing. Several values stand on a line each, as every other separator occurs in values.
 * @throws InvalidInput for a value the flag cannot have
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
      const wrong = values.find((value) => options?.includes(value) === false);
      if (wrong === undefined) return [[flag, values]];
      throw new InvalidInput(`${name} cannot be "${wrong}"`, {
        suggestions: [`Write one of: ${options?.join(", ")}.`],
      });
    }),
  );
}
