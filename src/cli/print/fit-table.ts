/** A table on a narrow terminal: long cells are cut, so that no row wraps. */
import { fit, widthOf } from "../ui/width.ts";

/** A column whose cells may be cut. */
export interface Elastic {
  /** Title of the column. */
  readonly title: string;
  /** In terminal cells: it gets no narrower. */
  readonly least: number;
  /** So many characters at the end stay, if there is room for them: all of the room, or what tells two names apart. */
  readonly tail?: number;
}

/**
 * @param rows the first one has the titles
 * @param elastic columns in the order in which they are cut
 * @param width of the terminal in cells; undefined: nothing is cut, as in a pipe
 * @returns the rows, with no more cut than needed
 */
export function fitTable(
  rows: readonly (readonly string[])[],
  elastic: readonly Elastic[],
  gap: number,
  width: number | undefined,
): readonly (readonly string[])[] {
  const [titles = []] = rows;
  const widths = titles.map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ""))));
  let excess = widths.reduce((sum, one) => sum + one + gap, -gap) - (width ?? Number.POSITIVE_INFINITY);
  for (const { title, least } of elastic) {
    const at = titles.indexOf(title);
    const cut = Math.min(excess, (widths[at] ?? 0) - Math.max(least, widthOf(title)));
    if (at < 0 || cut <= 0) continue;
    widths[at] = (widths[at] ?? 0) - cut;
    excess -= cut;
  }
  const tails = new Map(elastic.map(({ title, tail = 0 }) => [titles.indexOf(title), tail]));
  return rows.map((row) => row.map((cell, at) => cut(cell, widths[at] ?? 0, tails.get(at) ?? 0)));
}

/** The text in at most `width` cells, with an ellipsis before its last `tail` characters if it is cut. */
function cut(text: string, width: number, tail: number): string {
  if (tail === 0 || widthOf(text) <= width) return fit(text, width);
  const reversed = [...text].toReversed();
  const end = fit(reversed.join(""), Math.min(width, tail + 1));
  const room = width - widthOf(end);
  // Without its own ellipsis, as that of the end follows.
  const start = room < 1 ? "" : fit(text, room + 1).slice(0, -1);
  return start + [...end].toReversed().join("");
}

/** The width that standard output has for a table: undefined if it is not a terminal, or everything is wanted. */
export function tableWidth(stdout: Pick<NodeJS.WriteStream, "isTTY" | "columns">, whole: boolean): number | undefined {
  // A terminal without a screen has 0 columns.
  return whole || !stdout.isTTY || stdout.columns === 0 ? undefined : stdout.columns;
}
