/** Tables as Go's text/tabwriter sets them: each column but the last as wide as its widest cell and a gap. */

import { flatten } from "../terminal/control-sequences.ts";

/** A cell is one line, whatever it has: a name may come from a cluster. */
export function tableText(raw: readonly (readonly string[])[], gap: number): string {
  const rows = raw.map((row) => row.map(flatten));
  const widths = (rows[0] ?? []).map((_, at) => gap + Math.max(...rows.map((row) => [...(row[at] ?? "")].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}

/** Rows as lines with their columns one below the other, three blanks apart; the last is as wide as it likes. */
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
