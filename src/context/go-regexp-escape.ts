/** A backslash and what follows it, where it stands for one character. */
import { PatternError, type TextReader } from "./text-reader.ts";

const CONTROL: Record<string, number> = { a: 0x07, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b };

/**
 * @param reader At the backslash; behind the escape afterwards.
 * @returns The code point meant.
 * @throws PatternError for what Go does not know: letters and digits without a meaning, characters beyond ASCII.
 */
export function readEscape(reader: TextReader): number {
  const start = reader.at;
  reader.skip("\\");
  const char = reader.next();
  if (char === undefined) throw new PatternError("trailing backslash");
  if (/^[0-7]$/.test(char)) {
    const digits = /^[0-7]{0,2}/.exec(reader.source.slice(reader.at))?.[0] ?? "";
    // A single digit but zero would be a back reference, which Go does not have.
    if (char === "0" || digits !== "") {
      reader.at += digits.length;
      return Number.parseInt(char + digits, 8);
    }
  }
  if (char === "x") {
    const digits = /^(?:[\da-f]{2}|\{[\da-f]+\})/i.exec(reader.source.slice(reader.at))?.[0] ?? "";
    const codePoint = Number.parseInt(digits.replace("{", ""), 16);
    if (codePoint <= 0x10ffff) {
      reader.at += digits.length;
      return codePoint;
    }
  }
  const control = CONTROL[char];
  if (control !== undefined) return control;
  const codePoint = char.codePointAt(0) ?? 0;
  if (codePoint < 0x80 && !/^[\da-z]$/i.test(char)) return codePoint;
  throw new PatternError(`invalid escape ${reader.source.slice(start, reader.at)}`);
}
