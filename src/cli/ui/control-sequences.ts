/** Taming what a builder prints, so that it can stand above a line that is redrawn. */

const ESC = "\u001B";

/** Any control sequence (ECMA-48): CSI, then the string types (OSC, DCS, SOS, PM, APC), then the short ones. */
const SEQUENCE = new RegExp(
  [
    `(?:${ESC}\\[|\u009B)[0-?]*[ -/]*[@-~]`,
    `(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|${ESC}\\\\|\u009C)?`,
    `${ESC}[ -/]*[0-~]?`,
  ].join("|"),
  "g",
);
const COLOUR = new RegExp(`^(?:${ESC}\\[|\u009B)[0-9;:]*m$`);
const COLOURS = new RegExp(`${ESC}\\[[0-9;:]*m`, "g");
const RESET = `${ESC}[0m`;
const RESETS = new RegExp(`${ESC}\\[0?m`, "g");
const TO_FIRST_COLUMN = new RegExp(`^(?:${ESC}\\[|\u009B)[01]?G$`);
/** Control characters but the tab, and the escape of the colours that were let through. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000A-\u001A\u001C-\u001F\u007F-\u009F]/g;

/**
 * A line of somebody else's output as it may be printed: colours stay (or go, for a terminal without), whatever moves
 * the cursor goes, and of what carriage returns would have overwritten only the last state is left.
 */
export function tameLine(line: string, colours: boolean): string {
  if (!/[^\t\u0020-\u007E\u00A0-\uFFFF]/.test(line)) return line;
  const flat = line.replace(SEQUENCE, (sequence) => {
    if (TO_FIRST_COLUMN.test(sequence)) return "\r";
    return colours && COLOUR.test(sequence) ? sequence.replace("\u009B", `${ESC}[`) : "";
  });
  return lastState(flat).replace(CONTROL, "");
}

/** Dim what has no colour of its own: a reset inside goes back to dim, and no colour outlives the line. */
export function dimLine(line: string, [open, close]: readonly [string, string]): string {
  if (line === "") return "";
  if (!line.includes(ESC)) return open + line + close;
  return open + line.replaceAll(RESETS, `$&${open}`) + RESET;
}

/** Everything one line for a status: no colours, no line ends. */
export function flatten(text: string): string {
  return tameLine(text.replace(/\s*[\r\n]+\s*/g, " "), false).replaceAll("\t", " ");
}

/** What a terminal would show in the end of `10%\r20%\r30%\r`: the last segment with something in it, in the colours set so far. */
function lastState(line: string): string {
  if (!line.includes("\r")) return line;
  const segments = line.split("\r");
  const visible = (segment: string) => segment.replace(COLOURS, "").replace(CONTROL, "").trim() !== "";
  let last = segments.length - 1;
  while (last > 0 && !visible(segments[last] ?? "")) last -= 1;
  const before = segments.slice(0, last).join("").match(COLOURS) ?? [];
  const after =
    segments
      .slice(last + 1)
      .join("")
      .match(COLOURS) ?? [];
  return before.join("") + (segments[last] ?? "") + after.join("");
}
