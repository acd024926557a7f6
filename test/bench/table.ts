import type { Comparison, Result, Spread, Unit } from "./row.ts";

const HEAD = ["what", "slipway", "against", "", "ratio", "goal", "met"];

/** Formats a Markdown table that is also aligned in a terminal: medians, with the lowest and highest value of the rounds. */
export function printTable(results: readonly Result[]): string {
  const body = results.map(cellsOf);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => (cells[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("");
}

export function isMet(result: Result): boolean {
  return !("missing" in result) && result.value <= result.goal;
}

function cellsOf(result: Result): string[] {
  const { what, goal } = result;
  // A pipe would start another column.
  const against = result.against.replaceAll("|", "\\|");
  if ("missing" in result) return [what, "", against, "", "", `≤ ${goal}`, `not measured: ${result.missing}`];
  const { slipway, other, unit, rounds } = result;
  return [
    `${what} (${rounds} rounds)`,
    spread(slipway, unit),
    against,
    other === undefined ? "" : spread(other, unit),
    other === undefined ? "" : digits(result.value),
    ...(Number.isFinite(goal) ? [`≤ ${goalOf(result)}`, isMet(result) ? "yes" : "no"] : ["", ""]),
  ];
}

function goalOf({ goal, other, unit }: Comparison): string {
  return other === undefined ? amount(goal, unit) : `${goal}`;
}

function spread({ median, least, most }: Spread, unit: Unit): string {
  return `${amount(median, unit)} (${amount(least, unit)} – ${amount(most, unit)})`;
}

/** Formats a ratio with two digits after the point, or with two significant digits if it is small. */
function digits(ratio: number): string {
  return ratio < 0.05 ? ratio.toPrecision(2) : ratio.toFixed(2);
}

function amount(value: number, unit: Unit): string {
  if (unit === "ms") return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(0)} MB`;
}
