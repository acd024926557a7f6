/** Character classes of Go's regular expressions: `[a-z]`, `[^[:digit:]\w]`, `\d`, `\pL`. */
import { readEscape } from "./go-regexp-escape.ts";
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

/** All of ASCII only, with their ends as characters; `\s` has no vertical tab, unlike `[:space:]`. */
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

/** What lies between the ranges, which must be sorted. */
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
 * @param reader Behind the opening bracket; behind the closing one afterwards.
 * @throws PatternError for an open class, an unknown name or a range whose ends are the wrong way round.
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

/** `[:name:]` or `[:^name:]` inside of a class. Without its `:]` the bracket is an ordinary character. */
function readNamedClass(reader: TextReader): Group | undefined {
  if (!reader.startsWith("[:") || reader.source.indexOf(":]", reader.at + 2) < 0) return undefined;
  reader.skip("[:");
  const name = reader.takeUntil(":]");
  const named = NAMED.get(name.replace(/^\^/, ""));
  if (named === undefined) throw new PatternError(`unknown class [:${name}:]`);
  return { ranges: name.startsWith("^") ? invert(named) : named, properties: [] };
}

/** `\d`, `\S`, `\pL` and their like; undefined, with nothing read, for any other escape or character. */
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
