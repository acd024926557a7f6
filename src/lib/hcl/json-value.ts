/** Values as JSON, as Go writes it. */
import { spend, spendOnText } from "../limits/budget.ts";
import { escapeAsGo } from "../text/go-json.ts";
import { toText } from "./number.ts";
import { HclError } from "./source.ts";
import { isCollection } from "./type.ts";
import type { Type } from "./type.ts";
import { asNumber, entriesOf, isKnown, isNull, itemsOf } from "./value.ts";
import type { Value } from "./value.ts";

/** A quoted text. HTML's special characters are escaped, as Go's encoding/json does. */
export function quoteJson(value: string): string {
  spendOnText(value.length);
  return escapeAsGo(JSON.stringify(value.toWellFormed()));
}

/**
 * On one line. Unknown values are null.
 * @throws HclError for infinity, which JSON does not have
 */
export function encodeJson(value: Value): string {
  spend();
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

/** If the constraint leaves the type open, the type is added to the value. */
export function encodeJsonAs(value: Value, constraint: Type): string {
  spend();
  if (!isKnown(value) || isNull(value)) return "null";
  if (constraint.kind === "any") return `{"value":${encodeJson(value)},"type":${encodeType(value.type)}}`;
  if (constraint.kind === "list" || constraint.kind === "set") {
    return `[${itemsOf(value)
      .map((item) => encodeJsonAs(item, constraint.element))
      .join(",")}]`;
  }
  if (constraint.kind === "tuple") {
    return `[${itemsOf(value)
      .map((item, index) => encodeJsonAs(item, constraint.elements[index] ?? item.type))
      .join(",")}]`;
  }
  if (constraint.kind === "map" || constraint.kind === "object") {
    const typeOf = (key: string, own: Type): Type =>
      constraint.kind === "object" ? (constraint.attributes.get(key) ?? own) : constraint.element;
    const members = [...entriesOf(value)].map(
      ([key, item]) => `${quoteJson(key)}:${encodeJsonAs(item, typeOf(key, item.type))}`,
    );
    return `{${members.join(",")}}`;
  }
  return encodeJson(value);
}

function encodeType(type: Type): string {
  spend();
  if (type.kind === "any") return quoteJson("dynamic");
  if (type.kind === "tuple") return `["tuple",[${type.elements.map(encodeType).join(",")}]]`;
  if (type.kind === "object") {
    const members = [...type.attributes].map(([name, own]) => `${quoteJson(name)}:${encodeType(own)}`);
    return `["object",{${members.join(",")}}]`;
  }
  if (isCollection(type)) return `[${quoteJson(type.kind)},${encodeType(type.element)}]`;
  return quoteJson(type.kind);
}
