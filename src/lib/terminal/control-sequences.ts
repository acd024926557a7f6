/** Removes control sequences from the output of a builder, so that it can be shown above a line that is redrawn. */

const ESC = "\u001B";

/* oxlint-disable no-control-regex -- the patterns are meant to find control characters */
/** Any control sequence (ECMA-48): CSI, then the string types (OSC, DCS, SOS, PM, APC), then the short ones. */
const SEQUENCE =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g;
const COLOUR = /^(?:\u001B\[|\u009B)[0-9;:]*m$/;
const COLOURS = /\u001B\[[0-9;:]*m/g;
const RESET = `${ESC}[0m`;
const RESETS = /\u001B\[0?m/g;
const TO_FIRST_COLUMN = /^(?:\u001B\[|\u009B)[01]?G$/;
/** Control characters except the tab, and except the escape character of colours that stay. */
const CONTROL = /[\u0000-\u0008\u000A-\u001A\u001C-\u001F\u007F-\u009F]/g;
/* oxlint-enable no-control-regex */

/**
 * A line of a builder's output that is safe to print. Colours stay, unless the terminal has none. Sequences that move the cursor are
 * removed. Of text that carriage returns overwrite, only the last state stays.
 */
export function tameLine(line: string, colours: boolean): string {
  if (!/[^\t\u0020-\u007E\u00A0-\uFFFF]/.test(line)) return line;
  const flat = line.replace(SEQUENCE, (sequence) => {
    if (TO_FIRST_COLUMN.test(sequence)) return "\r";
    return colours && COLOUR.test(sequence) ? sequence.replace("\u009B", `${ESC}[`) : "";
  });
  return lastState(flat).replace(CONTROL, "");
}

/** Dims the text that has no colour of its own. A reset inside the line goes back to dim, and no colour continues after the line. */
export function dimLine(line: string, [open, close]: readonly [string, string]): string {
  if (line === "") return "";
  if (!line.includes(ESC)) return open + line + close;
  return open + line.replaceAll(RESETS, `$&${open}`) + RESET;
}

/** One line for a status: without colours and line ends. */
export function flatten(text: string): string {
  const lines = text.split(/[\r\n]/);
  const line =
    lines.length === 1
      ? text
      : lines
          .map((part) => part.trim())
          .filter((part) => part !== "")
          .join(" ");
  return tameLine(line, false).replaceAll("\t", " ");
}

/** What a terminal shows at the end of `10%\r20%\r30%\r`: the last visible segment, in the colours that are set by then. */
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
