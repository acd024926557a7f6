/** Writes JSON in the layout of docker's output (Go's encoding/json). */
import type { LineRange } from "./rule.ts";

export function json(value: object): string {
  // Go escapes these characters so that the JSON is safe inside HTML.
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)}\n`;
}

export function locationOf({ line, endLine }: LineRange): object {
  return { ranges: [{ start: { line }, end: { line: endLine } }] };
}

/** Removes empty values, as Go's `omitempty` does. */
export function filled<T extends object>(value: T): Partial<T> {
  const kept = Object.entries(value).filter(([, item]) => item !== "" && item !== false && !isEmptyList(item));
  return Object.fromEntries(kept) as Partial<T>;
}

function isEmptyList(item: unknown): boolean {
  return Array.isArray(item) && item.length === 0;
}
