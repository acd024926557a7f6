/** Values as JSON, as Go writes it. */
import { toText } from "./number.ts";
import { HclError } from "./source.ts";
import { asNumber, entriesOf, itemsOf } from "./value.ts";
import type { Value } from "./value.ts";

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** A text in quotes. Characters that HTML gives a meaning are escaped, as Go's encoding/json does. */
export function quoteJson(value: string): string {
  return JSON.stringify(value.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => ESCAPED[character] ?? character,
  );
}

/**
 * On one line. What is not known is null.
 * @throws HclError for infinity, which JSON does not have
 */
export function encodeJson(value: Value): string {
  const { content, type } = value;
  if (content === null || typeof content === "symbol") return "null";
  if (typeof content === "string") return quoteJson(content);
  if (typeof content === "boolean") return String(content);
  if (type.kind === "number") {
    if (asNumber(value).infinite) throw new HclError("JSON has no infinity");
    return toText(asNumber(value));
  }
  if (content instanceof Map) {
    return `{${[...entriesOf(value)].map(([key, item]) => `${quoteJson(key)}:${encodeJson(item)}`).join(",")}}`;
  }
  return `[${itemsOf(value).map(encodeJson).join(",")}]`;
}
