/** Formats tables. */

import { flatten } from "../terminal/control-sequences.ts";

/**
 * A table as Go's text/tabwriter formats it: each column but the last is as wide as its widest cell and the gap. A cell is one line,
 * because a name may come from a cluster.
 */
export function tableText(raw: readonly (readonly string[])[], gap: number): string {
  const rows = raw.map((row) => row.map(flatten));
  const widths = (rows[0] ?? []).map((_, at) => gap + Math.max(...rows.map((row) => [...(row[at] ?? "")].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}

/** Aligns the columns of rows, with three spaces between them. The last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, text] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length);
  return rows.map((row) =>
    row
      .map((text, at) => (at === row.length - 1 ? text : text.padEnd((widths[at] ?? 0) + 3)))
      .join("")
      .trimEnd(),
  );
}
