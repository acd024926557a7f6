/** Width of text in terminal cells, without control sequences. */
import stringWidth from "string-width";

/** What a reader sees as one character may be several code points. Made at its first use: to load its tables takes milliseconds. */
let characters: Intl.Segmenter | undefined;
const PRINTABLE_ASCII = /^[ -~]*$/;

/** Number of terminal cells. */
export function widthOf(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text);
}

/** The text in at most `width` cells, with an ellipsis if it is cut. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 1;
  characters ??= new Intl.Segmenter();
  for (const { segment } of characters.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept.trimEnd()}…`;
}
