/** Kept contexts as a table. */
import type { KeptContext } from "../app/builds/kept-contexts.ts";
import { age, align } from "./build-table.ts";

export function contextTable(contexts: readonly KeptContext[], now: number): string {
  const rows = contexts.map(({ name, claim, size, phase, createdAt, usedBy }) => [
    name,
    claim,
    size,
    phase,
    `${age(now - Date.parse(createdAt))} ago`,
    usedBy.length === 0 ? "-" : usedBy.join(","),
  ]);
  return align([["NAME", "CLAIM", "SIZE", "STATE", "CREATED", "USED BY"], ...rows]);
}
