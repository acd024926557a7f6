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
