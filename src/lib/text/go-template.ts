/**
 * Fills the Go templates that people use with docker's --format: `{{.Field}}`, `{{.Field.Part}}`, `{{json .}}`, `{{json .Field}}`, and `\t`
 * and `\n` outside them.
 */
import { InvalidInput } from "../../errors.ts";

/**
 * @param indent blanks of indentation for `json`
 * @throws InvalidInput for an unknown field, and for all other parts of Go templates
 */
export function fillTemplate(
  template: string,
  value: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  indent?: number,
): string {
  return fill(template, value, fields, indent, (found) => found);
}

/**
 * The same for a row of a list. A value that somebody else has written has no line feed or tab, by which it would look like several rows or columns;
 * `json` has them escaped.
 * @throws InvalidInput as `fillTemplate`
 */
export function fillRow(template: string, value: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  return `${fill(template, value, fields, undefined, (found) => found.replaceAll(/[\p{Cc}\u2028\u2029]/gu, " "))}\n`;
}

function fill(
  template: string,
  value: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  indent: number | undefined,
  show: (found: string) => string,
): string {
  const text = template.replaceAll(/\\([tn])/g, (_, letter) => (letter === "t" ? "\t" : "\n"));
  return replaceActions(text, (inner) => {
    const action = /^-?\s*(json\s+)?\.([A-Za-z][A-Za-z.]*)?\s*-?$/.exec(inner.trim());
    if (action === null) {
      throw new InvalidInput(`--format: {{${inner}}} is not supported in slipway's templates`, {
        suggestions: ["Use {{.Field}}, {{json .}} or {{json .Field}}; for more, --format json and jq."],
      });
    }
    const [, json, name = ""] = action;
    const [field = "", ...parts] = name.split(".");
    const found = field === "" ? value : partOf(value[fieldOf(field, fields)], field, parts);
    if (json !== undefined || (typeof found === "object" && name === ""))
      return JSON.stringify(found ?? null, undefined, indent);
    if (Array.isArray(found)) return show(found.join(","));
    return typeof found === "string" ? show(found) : found === undefined ? "" : JSON.stringify(found);
  });
}

/** With what `fill` gives for each text between `{{` and the next `}}`. */
function replaceActions(text: string, fill: (inner: string) => string): string {
  let filled = "";
  let at = 0;
  for (;;) {
    const open = text.indexOf("{{", at);
    const close = open < 0 ? -1 : text.indexOf("}}", open + 2);
    if (close < 0) return filled + text.slice(at);
    filled += text.slice(at, open) + fill(text.slice(open + 2, close));
    at = close + 2;
  }
}

/** Looks up parts of a value, in small or capital letters. @throws InvalidInput for one that it does not have */
function partOf(value: unknown, name: string, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return value;
  const parts = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const part = fieldOf(first, parts, name);
  return partOf((value as Readonly<Record<string, unknown>>)[part], `${name}.${first}`, rest);
}

/** Docker's field names begin with a capital, those in JSON do not. */
function fieldOf(name: string, fields: readonly string[], parent = ""): string {
  const field = fields.find((known) => known.toLowerCase() === name.toLowerCase());
  if (field !== undefined) return field;
  const before = parent === "" ? "" : `.${parent}`;
  throw new InvalidInput(`--format: unknown field ${before}.${name}`, {
    suggestions: [
      `Fields: ${fields.map((known) => `${before}.${known.charAt(0).toUpperCase()}${known.slice(1)}`).join(" ")}`,
    ],
  });
}
