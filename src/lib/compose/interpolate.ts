/** `$NAME`, `${NAME}`, `${NAME:-default}` and the like in texts. Source: compose-spec, 12-interpolation.md. */
import { spendOnText } from "../limits/budget.ts";
import { ComposeError } from "./fault.ts";

export type Lookup = (name: string) => string | undefined;

const NAME = /[A-Za-z_]\w*/y;

/** Limit for defaults within defaults. */
const MAX_DEPTH = 50;

/** @throws ComposeError for a `$` without a variable, and for a required variable that is not set */
export function interpolate(text: string, lookup: Lookup, depth = 0): string {
  spendOnText(text.length);
  if (!text.includes("$")) return text;
  if (depth > MAX_DEPTH) throw new ComposeError("the defaults of variables are nested too deeply");
  let result = "";
  let at = 0;
  while (at < text.length) {
    const sign = text.indexOf("$", at);
    if (sign === -1) return result + text.slice(at);
    result += text.slice(at, sign);
    if (text[sign + 1] === "$") {
      result += "$";
      at = sign + 2;
      continue;
    }
    const isBraced = text[sign + 1] === "{";
    NAME.lastIndex = sign + (isBraced ? 2 : 1);
    const name = NAME.exec(text)?.[0];
    if (name === undefined)
      throw new ComposeError(`${JSON.stringify(text)} has a $ without a variable: write $$ for a dollar sign`);
    const afterName = sign + (isBraced ? 2 : 1) + name.length;
    if (!isBraced) {
      result += counted(lookup(name) ?? "");
      at = afterName;
      continue;
    }
    const end = closingBrace(text, sign + 1);
    const rest = end === undefined ? undefined : text.slice(afterName, end);
    if (rest === undefined || end === undefined)
      throw new ComposeError(`${JSON.stringify(text)} has a \${ without its }`);
    result += counted(substitute(name, rest, text, lookup, depth));
    at = end + 1;
  }
  return result;
}

function counted(text: string): string {
  spendOnText(text.length);
  return text;
}

function closingBrace(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return undefined;
}

function substitute(name: string, rest: string, text: string, lookup: Lookup, depth: number): string {
  const value = lookup(name);
  if (rest === "") return value ?? "";
  const operator = /^:?[-+?]/.exec(rest)?.[0];
  if (operator === undefined)
    throw new ComposeError(`${JSON.stringify(text)} has an invalid variable: \${${name}${rest}}`);
  const word = (): string => interpolate(rest.slice(operator.length), lookup, depth + 1);
  const isSet = value !== undefined && (!operator.startsWith(":") || value !== "");
  if (operator.endsWith("+")) return isSet ? word() : (value ?? "");
  if (isSet) return value;
  if (operator.endsWith("-")) return word();
  const why = word();
  throw new ComposeError(`the variable ${name} is required and not set${why === "" ? "" : `: ${why}`}`);
}
