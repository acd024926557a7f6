/**
 * The only way to standard output and standard error: a linter's rule refuses every other. Names, messages, tables and log lines come from
 * clusters, registries and Dockerfiles, so control sequences in them are removed here, where nothing can be added to them any more.
 */
import { flatten, tameLine } from "./control-sequences.ts";

/** A stream to write to, which may be a terminal. */
export type Output = Pick<NodeJS.WritableStream, "write"> & { readonly isTTY?: boolean | undefined };

let hasRow = false;

/** Draws a row on the terminal of standard error, which goes away before anything else is printed. @param text undefined: only takes it away */
export function drawRow(text: string | undefined): void {
  if (text === undefined && !hasRow) return;
  hasRow = text !== undefined;
  process.stderr.write(`\r\u001B[K${flatten(text ?? "")}`);
}

/** Prints slipway's own text on standard output: results, tables, templates. */
export function print(text: string): void {
  drawRow(undefined);
  process.stdout.write(tameText(text));
}

/** Prints slipway's own text on standard error: errors, warnings, notices. */
export function printError(text: string): void {
  drawRow(undefined);
  process.stderr.write(tameText(text));
}

/** Echoes the output of the terminal's line editor, which contains control sequences. Its question must be escaped before. */
export function echo(chunk: Buffer | string): void {
  drawRow(undefined);
  process.stderr.write(chunk);
}

/** Prints bytes on standard output: as they are into a file or a pipe, tamed on a terminal. */
export function printBytes(bytes: Buffer): void {
  drawRow(undefined);
  process.stdout.write(process.stdout.isTTY ? tameText(bytes.toString("utf8").replaceAll("\0", "\n")) : bytes);
}

/** Prints a part of an archive on standard output, as it is: `--output` refuses a terminal. */
export function printArchive(chunk: Uint8Array): void {
  process.stdout.write(chunk);
}

/**
 * Prints a line of a builder's log on standard output: as it is into a file or a pipe, as docker does. On a terminal only its colours stay.
 * @returns false if the stream's buffer is full
 */
export function printLogLine(line: string): boolean {
  drawRow(undefined);
  return process.stdout.write(`${logLine(line, process.stdout)}\n`);
}

/** A line of a builder's log for a stream. */
export function logLine(line: string, { isTTY }: Output): string {
  return isTTY === true ? tameLine(line, true) : line;
}

/** Lines without control sequences. */
export function tameText(text: string): string {
  if (!/[^\n\t\u0020-\u007E\u00A0-\uFFFF]/.test(text)) return text;
  return text
    .split("\n")
    .map((line) => tameLine(line, false))
    .join("\n");
}

/** A question of one line. */
export function tameQuestion(question: string): string {
  const blank = /\s$/.test(question) ? " " : "";
  return `${flatten(question).trimEnd()}${blank}`;
}

/** JSON with the control characters that JSON itself does not escape: DEL and the C1 set. */
export function jsonText(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? "null").replaceAll(
    // oxlint-disable-next-line no-control-regex -- exactly those
    /[\u007F-\u009F]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How lines of slipway's own begin in a log. */
const OWN = /^\s*(?:=>|WARNING:|ERROR:)/;

/** Prefix for a line of another program that looks like a line of slipway. Slipway's own lines never begin with it. */
const FOREIGN_MARK = "# ";

/** Returns a line of a builder, or a further line of a message, so that it cannot look like a line of slipway. */
export function unforgeable(line: string): string {
  return OWN.test(line) || OWN.test(tameLine(line, false)) ? `${FOREIGN_MARK}${line}` : line;
}
