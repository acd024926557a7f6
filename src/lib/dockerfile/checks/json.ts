/** The JSON of docker's answers, as Go's encoding/json lays it out. */
import type { Place } from "./rule.ts";

export function json(value: object): string {
  // Go writes it so that a page may hold it.
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)}\n`;
}

export function locationOf({ line, endLine }: Place): object {
  return { ranges: [{ start: { line }, end: { line: endLine } }] };
}

/** Without what is empty, which Go leaves out of such answers. */
export function filled<T extends object>(value: T): Partial<T> {
  const kept = Object.entries(value).filter(([, item]) => item !== "" && item !== false && !isEmptyList(item));
  return Object.fromEntries(kept) as Partial<T>;
}

function isEmptyList(item: unknown): boolean {
  return Array.isArray(item) && item.length === 0;
}
