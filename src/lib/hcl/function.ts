/** Functions that expressions call. */
import { spend, spendOnText } from "../limits/budget.ts";
import { isInteger, toBigInt } from "./number.ts";
import type { HclNumber } from "./number.ts";
import { HclError } from "./source.ts";
import { ANY, BOOL, NUMBER, STRING } from "./type.ts";
import type { Type } from "./type.ts";
import type { Expression } from "./syntax.ts";
import { asNumber, asText, isKnown, isNull, sizeOf, text, unknownOf } from "./value.ts";
import type { Value } from "./value.ts";

export interface Parameter {
  readonly name: string;
  /** Arguments are converted to it. */
  readonly type: Type;
  /** Accepts null. */
  readonly allowsNull?: boolean;
  /** Accepts unknown values. Otherwise an unknown argument makes the result unknown. */
  readonly allowsUnknown?: boolean;
  /** Accepts values of an unknown type. */
  readonly allowsAny?: boolean;
}

export interface FunctionDefinition {
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** For any number of further arguments. */
  readonly variadic?: Parameter;
  /** Type of the result. Absent: it depends on the arguments. */
  readonly result?: Type;
  /**
   * @throws HclError for invalid arguments
   */
  readonly run: (args: readonly Value[]) => Value;
}

/** An unevaluated argument. The function decides whether to evaluate it. */
export interface Closure {
  readonly expression: Expression;
  readonly evaluate: () => Value;
}

/** An error about one argument of a function. */
export class ArgumentError extends HclError {
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

export function parameterAt({ parameters, variadic }: FunctionDefinition, index: number): Parameter | undefined {
  return parameters[index] ?? variadic;
}

/**
 * @param args one for each parameter, or more if the function is variadic, each of its parameter's type
 * @throws HclError
 */
export function call(definition: FunctionDefinition, args: readonly Value[]): Value {
  let isUnknown = false;
  for (const [index, value] of args.entries()) {
    const parameter = parameterAt(definition, index);
    if (parameter === undefined) break;
    if (typeof value.content === "string") spendOnText(value.content.length);
    else spend(1 + sizeOf(value));
    if (isNull(value) && parameter.allowsNull !== true) throw new ArgumentError(index, "it must not be null");
    // Of which type the result is depends on this argument, so the later ones do not matter.
    if (value.type.kind === "any" && parameter.allowsAny !== true) return unknownOf(ANY);
    if (!isKnown(value) && parameter.allowsUnknown !== true) isUnknown = true;
  }
  return isUnknown ? unknownOf(definition.result ?? ANY) : definition.run(args);
}

export function textParameter(name: string): Parameter {
  return { name, type: STRING };
}

export function numberParameter(name: string): Parameter {
  return { name, type: NUMBER };
}

export function boolParameter(name: string): Parameter {
  return { name, type: BOOL };
}

export function anyParameter(name: string, allows: Omit<Parameter, "name" | "type"> = {}): Parameter {
  return { name, type: { kind: "any" }, ...allows };
}

/** A parameter that accepts everything, also null and unknown values. */
export function openParameter(name: string): Parameter {
  return anyParameter(name, { allowsNull: true, allowsUnknown: true, allowsAny: true });
}

export type Functions = Readonly<Record<string, FunctionDefinition>>;

/** A function from texts to a text. */
export function textFunction(
  description: string,
  names: readonly string[],
  run: (...texts: readonly string[]) => string,
): FunctionDefinition {
  return {
    description,
    parameters: names.map(textParameter),
    run: (args) => text(run(...args.map(asText))),
  };
}

/** An argument as a whole number that has 64 bits with its sign, as in Go. */
export function int64At(args: readonly Value[], index: number): bigint {
  const number = numberAt(args, index);
  const whole = isInteger(number) ? toBigInt(number) : undefined;
  if (whole === undefined || BigInt.asIntN(64, whole) !== whole) {
    throw new ArgumentError(index, "a whole number is required");
  }
  return whole;
}

/** The same for a size, a position or a sign. Beyond 2^53 it is rounded. */
export function wholeAt(args: readonly Value[], index: number): number {
  return Number(int64At(args, index));
}

export function textAt(args: readonly Value[], index: number): string {
  const value = args[index];
  if (value === undefined) throw new ArgumentError(index, "it is missing");
  return asText(value);
}

export function numberAt(args: readonly Value[], index: number): HclNumber {
  const value = args[index];
  if (value === undefined) throw new ArgumentError(index, "it is missing");
  return asNumber(value);
}

export function valueAt(args: readonly Value[], index: number): Value {
  const value = args[index];
  if (value === undefined) throw new ArgumentError(index, "it is missing");
  return value;
}

/** Runs a part of a function whose errors are about one argument. */
export function aboutArgument<T>(index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof HclError && !(error instanceof ArgumentError) && error.range === undefined) {
      throw new ArgumentError(index, error.message);
    }
    throw error;
  }
}
