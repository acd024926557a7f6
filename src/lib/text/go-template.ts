/**
 * Fills the Go templates that people use with docker's --format: `{{.Field}}`, `{{json .}}`, `{{json .Field}}`, and `\t` and `\n` outside them.
 */
import { InvalidInput } from "../../errors.ts";

/** @throws InvalidInput for an unknown field, and for all other parts of Go templates. */
export function fillTemplate(
  template: string,
  value: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): string {
  const text = template.replaceAll(/\\([tn])/g, (_, letter) => (letter === "t" ? "\t" : "\n"));
  return replaceActions(text, (inner) => {
    const action = /^-?\s*(json\s+)?\.([A-Za-z]*)\s*-?$/.exec(inner.trim());
    if (action === null) {
      throw new InvalidInput(`--format: {{${inner}}} is not supported in slipway's templates`, {
        suggestions: ["Use {{.Field}}, {{json .}} or {{json .Field}}; for more, --format json and jq."],
      });
    }
    const [, json, name = ""] = action;
    const found = name === "" ? value : value[fieldOf(name, fields)];
    if (json !== undefined || (typeof found === "object" && name === "")) return JSON.stringify(found ?? null);
    if (Array.isArray(found)) return found.join(",");
    return typeof found === "string" ? found : found === undefined ? "" : JSON.stringify(found);
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

/** Docker's field names begin with a capital, those in JSON do not. */
function fieldOf(name: string, fields: readonly string[]): string {
  const field = fields.find((known) => known.toLowerCase() === name.toLowerCase());
  if (field !== undefined) return field;
  throw new InvalidInput(`--format: unknown field .${name}`, {
    suggestions: [`Fields: ${fields.map((known) => `.${known.charAt(0).toUpperCase()}${known.slice(1)}`).join(" ")}`],
  });
}
