/** The signs that are drawn on a terminal. */

export interface Glyphs {
  /** Of a spinner, in their order. */
  readonly frames: readonly string[];
  readonly done: string;
  readonly failed: string;
  /** Of a bar. */
  readonly full: string;
  readonly empty: string;
}

const UNICODE: Glyphs = { frames: "⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧ ⠇ ⠏".split(" "), done: "✔", failed: "✖", full: "█", empty: "░" };
const ASCII: Glyphs = { frames: "- \\ | /".split(" "), done: "+", failed: "x", full: "#", empty: "." };

/** The console of Linux has no font for the others. */
export function glyphsOf(env: Readonly<Record<string, string | undefined>>): Glyphs {
  return env["TERM"] === "linux" ? ASCII : UNICODE;
}
