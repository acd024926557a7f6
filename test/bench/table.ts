import type { Comparison } from "./row.ts";

/** A Markdown table that is also aligned for a terminal. */
export function printTable(results: readonly Comparison[]): string {
  const head = ["what", "slipway", "against", "", "ratio", "goal", "met"];
  const body = results.map(({ what, slipway, against, other, ratio, goal }) => [
    what,
    seconds(slipway),
    against,
    seconds(other),
    ratio.toFixed(2),
    `≤ ${goal}`,
    ratio <= goal ? "yes" : "no",
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => (cells[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("");
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
