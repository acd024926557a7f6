/** Character classes of Go's regular expressions: `[a-z]`, `[^[:digit:]\w]`, `\d`, `\pL`. */
import { findProperty } from "./go-unicode.ts";
import { PatternError, type TextReader } from "./text-reader.ts";

type Range = readonly [low: number, high: number];

export interface CharClass {
  readonly ranges: readonly Range[];
  /** Unicode properties in JavaScript's notation. */
  readonly properties: readonly string[];
  readonly negated: boolean;
}

type Group = Omit<CharClass, "negated">;

/** Named classes, ASCII only, as first and last character of each range. Unlike `[:space:]`, `\s` does not include the vertical tab. */
const NAMED: ReadonlyMap<string, readonly Range[]> = new Map(
  Object.entries({
    alnum: spans("09", "AZ", "az"),
    alpha: spans("AZ", "az"),
    ascii: spans("\0\x7f"),
    blank: spans("\t\t", "  "),
    cntrl: spans("\0\x1f", "\x7f\x7f"),
    digit: spans("09"),
    graph: spans("!~"),
    lower: spans("az"),
    print: spans(" ~"),
    punct: spans("!/", ":@", "[`", "{~"),
    space: spans("\t\r", "  "),
    upper: spans("AZ"),
    word: spans("09", "AZ", "__", "az"),
    xdigit: spans("09", "AF", "af"),
  }),
);

const ESCAPED: Record<string, readonly Range[]> = {
  d: spans("09"),
  s: spans("\t\n", "\f\r", "  "),
  w: spans("09", "AZ", "__", "az"),
};

function spans(...ends: string[]): Range[] {
  return ends.map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]);
}

/** The gaps between the ranges, which must be sorted. */
function invert(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let start = 0;
  for (const [low, high] of ranges) {
    if (low > start) gaps.push([start, low - 1]);
    start = high + 1;
  }
  gaps.push([start, 0x10ffff]);
  return gaps;
}

/**
 * @param reader After the opening bracket; afterwards after the closing one.
 * @throws PatternError for an open class, an unknown name or a range whose end is before its start.
 */
export function readClass(reader: TextReader): CharClass {
  const negated = reader.skip("^");
  const ranges: Range[] = [];
  const properties: string[] = [];
  for (let first = true; first || !reader.skip("]"); first = false) {
    const group = readNamedClass(reader) ?? readEscapedClass(reader);
    if (group !== undefined) {
      ranges.push(...group.ranges);
      properties.push(...group.properties);
      continue;
    }
    const low = readMember(reader);
    const hasEnd = reader.startsWith("-") && reader.source.length > reader.at + 1 && !reader.startsWith("-]");
    if (hasEnd) reader.skip("-");
    const high = hasEnd ? readMember(reader) : low;
    if (high < low) throw new PatternError("invalid range in [ ]");
    ranges.push([low, high]);
  }
  return { ranges, properties, negated };
}

function readMember(reader: TextReader): number {
  if (reader.startsWith("\\")) return readEscape(reader);
  const char = reader.next();
  if (char === undefined) throw new PatternError("missing ]");
  return char.codePointAt(0) ?? 0;
}

/** `[:name:]` or `[:^name:]` inside a class. Without `:]` the bracket is an ordinary character. */
function readNamedClass(reader: TextReader): Group | undefined {
  if (!reader.startsWith("[:") || !reader.hasAhead(":]", 2)) return undefined;
  reader.skip("[:");
  const name = reader.takeUntil(":]");
  const named = NAMED.get(name.replace(/^\^/, ""));
  if (named === undefined) throw new PatternError(`unknown class [:${name}:]`);
  return { ranges: name.startsWith("^") ? invert(named) : named, properties: [] };
}

/** Reads `\d`, `\S`, `\pL` and so on. For any other escape or character it reads nothing and returns undefined. */
export function readEscapedClass(reader: TextReader): Group | undefined {
  const letter = reader.startsWith("\\") ? reader.source[reader.at + 1] : undefined;
  if (letter === undefined) return undefined;
  if (letter === "p" || letter === "P") return readProperty(reader, letter);
  const ranges = ESCAPED[letter.toLowerCase()];
  if (ranges === undefined) return undefined;
  reader.at += 2;
  return { ranges: letter in ESCAPED ? ranges : invert(ranges), properties: [] };
}

/** `\pL`, `\p{Greek}`, `\P{^Greek}`. */
function readProperty(reader: TextReader, sign: "p" | "P"): Group {
  const start = reader.at;
  reader.at += 2;
  const braced = reader.skip("{");
  if (braced && !reader.source.includes("}", reader.at)) throw new PatternError("missing }");
  const name = braced ? reader.takeUntil("}") : (reader.next() ?? "");
  const property = findProperty(name.replace(/^\^/, ""));
  if (property === undefined) throw new PatternError(`unknown class ${reader.source.slice(start, reader.at)}`);
  const negated = (sign === "P") !== name.startsWith("^");
  return { ranges: [], properties: [`\\${negated ? "P" : "p"}{${property}}`] };
}

// A backslash and what follows it, where it stands for one character.

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
