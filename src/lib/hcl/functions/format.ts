/** `format` and `formatlist`: verbs as Go has them. Source: go-cty, cty/function/stdlib/format.go. */
import { convert } from "../convert.ts";
import { ArgumentError, openParameter, textAt, textParameter } from "../function.ts";
import type { FunctionDefinition, Functions } from "../function.ts";
import { encodeJson, quoteJson } from "../json-value.ts";
import { isInteger, toBigInt, toFixed, toGeneral, toScientific } from "../number.ts";
import type { HclNumber } from "../number.ts";
import { HclError } from "../source.ts";
import { BOOL, NUMBER, STRING, listOf } from "../type.ts";
import { asNumber, asText, isNull, isTrue, isWhollyKnown, itemsOf, list, text, unknownOf } from "../value.ts";
import type { Value } from "../value.ts";
import { charactersOf, repeated } from "./text.ts";

interface Verb {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly letter: string;
  readonly raw: string;
}

const VERB = /%([0#+\- ]*)([1-9]\d*)?(?:(\.)(\d*))?(?:\[([1-9]\d*)\])?([A-Za-z])/y;

/** Limit for the width and the precision, as they could fill the memory. */
const MAX_FIELD = 100_000;

function sizeIn(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  const size = Number(digits);
  if (size > MAX_FIELD) throw new HclError(`a field of ${digits} characters is too wide`);
  return size;
}

function formatted(format: string, args: readonly Value[]): string {
  let result = "";
  let next = 0;
  let highest = 0;
  for (let at = 0; at < format.length;) {
    if (format[at] !== "%") {
      result += format.charAt(at);
      at += 1;
      continue;
    }
    if (format[at + 1] === "%") {
      result += "%";
      at += 2;
      continue;
    }
    VERB.lastIndex = at;
    const match = VERB.exec(format);
    if (match === null) throw new HclError(`there is no verb after the % at offset ${at} of the format`);
    const [raw, flags = "", width, point, precision, position, letter = ""] = match;
    const index = position === undefined ? next : Number(position) - 1;
    const argument = args[index];
    if (argument === undefined) {
      throw new HclError(`${raw} needs argument ${index + 1}, and there are ${args.length}`);
    }
    const verb: Verb = {
      flags,
      width: sizeIn(width),
      precision: point === undefined ? undefined : sizeIn(precision === "" ? "0" : precision),
      letter,
      raw,
    };
    result += fieldOf(verb, argument);
    next = index + 1;
    highest = Math.max(highest, next);
    at += raw.length;
  }
  if (highest < args.length) throw new ArgumentError(highest + 1, "the format has no verb for it");
  return result;
}

function fieldOf(verb: Verb, argument: Value): string {
  if (verb.letter !== "v" && isNull(argument)) throw new HclError(`${verb.raw} cannot format null`);
  switch (verb.letter) {
    case "v":
      return padded(verb, plainOf(verb, argument));
    case "t":
      return String(isTrue(converted(verb, argument, BOOL)));
    case "b":
    case "d":
    case "o":
    case "x":
    case "X":
      return integerField(verb, asNumber(converted(verb, argument, NUMBER)));
    case "e":
    case "E":
    case "f":
    case "g":
    case "G":
      return floatField(verb, asNumber(converted(verb, argument, NUMBER)));
    case "s":
    case "q": {
      const full = asText(converted(verb, argument, STRING));
      const { precision = 0 } = verb;
      const value = precision > 0 ? charactersOf(full).slice(0, precision).join("") : full;
      return padded(verb, verb.letter === "q" ? quoteJson(value) : value);
    }
    default:
      throw new HclError(`${verb.raw} is not a verb of format`);
  }
}

function converted(verb: Verb, argument: Value, type: typeof BOOL): Value {
  try {
    return convert(argument, type);
  } catch (error) {
    throw error instanceof HclError ? new HclError(`${verb.raw} cannot format the argument: ${error.message}`) : error;
  }
}

function plainOf({ flags }: Verb, argument: Value): string {
  if (!flags.includes("#") && !isNull(argument)) {
    if (argument.type.kind === "string") return asText(argument);
    if (argument.type.kind === "number") {
      const value = asNumber(argument);
      const sign = value.negative ? "-" : "";
      return value.infinite ? `${sign || "+"}Inf` : sign + toGeneral(value, undefined);
    }
  }
  return encodeJson(argument);
}

function padded({ flags, width = 0 }: Verb, value: string): string {
  const missing = width - charactersOf(value).length;
  if (missing <= 0) return value;
  const pad = repeated(flags.includes("0") ? "0" : " ", missing);
  return flags.includes("-") ? value + pad : pad + value;
}

function signOf(flags: string, isNegative: boolean): string {
  if (isNegative) return "-";
  if (flags.includes("+")) return "+";
  return flags.includes(" ") ? " " : "";
}

/** Pads with zeros between the sign and the digits. */
function aligned({ flags, width = 0 }: Verb, sign: string, digits: string, mayPadZeros: boolean): string {
  const missing = Math.max(0, width - sign.length - digits.length);
  if (flags.includes("-")) return sign + digits + " ".repeat(missing);
  if (flags.includes("0") && mayPadZeros) return sign + "0".repeat(missing) + digits;
  return " ".repeat(missing) + sign + digits;
}

const BASES: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  b: [2, "0b"],
  d: [10, ""],
  o: [8, "0"],
  x: [16, "0x"],
  X: [16, "0X"],
};

function integerField(verb: Verb, value: HclNumber): string {
  if (!isInteger(value)) throw new HclError(`${verb.raw} needs a whole number`);
  const whole = toBigInt(value);
  const [base, prefix] = BASES[verb.letter] ?? [10, ""];
  let digits = (whole < 0n ? -whole : whole).toString(base);
  if (verb.letter === "X") digits = digits.toUpperCase();
  if (verb.precision === 0 && whole === 0n) return "";
  digits = digits.padStart(verb.precision ?? 0, "0");
  const sign = signOf(verb.flags, whole < 0n) + (verb.flags.includes("#") ? prefix : "");
  return aligned(verb, sign, digits, verb.precision === undefined);
}

/** Default number of digits after the point. */
const FRACTION_DIGITS = 6;

function floatField(verb: Verb, value: HclNumber): string {
  const sign = signOf(verb.flags, value.negative);
  if (value.infinite) return aligned(verb, sign === "" ? "+" : sign, "Inf", false);
  const { letter, precision } = verb;
  const digits =
    letter === "f"
      ? toFixed(value, precision ?? FRACTION_DIGITS)
      : letter === "g" || letter === "G"
        ? toGeneral(value, precision, letter === "G" ? "E" : "e")
        : toScientific(value, precision ?? FRACTION_DIGITS, letter);
  return aligned(verb, sign, digits, true);
}

function formattedList(args: readonly Value[]): Value {
  const format = textAt(args, 0);
  const values = args.slice(1);
  let length: number | undefined;
  const columns = values.map((value, index) => {
    if (isNull(value) || !["list", "set", "tuple"].includes(value.type.kind)) return value;
    const items = itemsOf(value);
    if (length !== undefined && items.length !== length) {
      throw new ArgumentError(index + 1, `it has ${items.length} elements, and another list has ${length}`);
    }
    length = items.length;
    return items;
  });
  const rows = Array.from({ length: length ?? 1 }, (_, row) =>
    columns.map((column) => ("type" in column ? column : column[row])).filter((value) => value !== undefined),
  );
  return list(
    rows.map((row) => text(formatted(format, row))),
    STRING,
  );
}

function unknownUnlessWhole(type: typeof STRING, run: FunctionDefinition["run"]): FunctionDefinition["run"] {
  return (args) => (args.every(isWhollyKnown) ? run(args) : unknownOf(type));
}

export const FORMAT: Functions = {
  format: {
    description: "The arguments in one text, as the verbs of the format say: %s, %d, %v and others of Go.",
    parameters: [textParameter("format")],
    variadic: openParameter("args"),
    run: unknownUnlessWhole(STRING, (args) => text(formatted(textAt(args, 0), args.slice(1)))),
  },
  formatlist: {
    description: "A list of texts: the format with each element of the lists among the arguments.",
    parameters: [textParameter("format")],
    variadic: openParameter("args"),
    run: unknownUnlessWhole(listOf(STRING), formattedList),
  },
};
