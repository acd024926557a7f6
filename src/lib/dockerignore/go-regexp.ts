/**
 * Go's regular expressions. A `.dockerignore` pattern reaches Go's `regexp` nearly as written, so its
 * classes, escapes, repetitions and errors are Go's: `[[:digit:]]`, `\d`, `\p{Greek}`, `\x2a`, `a{2}` and `\Q` mean
 * something, `\e` is an error. Flags and group names cannot occur, as a pattern's parentheses come escaped.
 * The language: https://github.com/google/re2/wiki/Syntax, with the flags of Go's regexp.Compile. As in Go, no text makes a match slow.
 */
import { type CharClass, readClass, readEscape, readEscapedClass } from "./go-regexp-class.ts";
import { LinearMatcher } from "./linear-matcher.ts";
import { programSize, type Assertion, type CharTest, type Expression } from "./linear-program.ts";
import { PatternError, TextReader } from "./text-reader.ts";

/** Go's regexp/syntax refuses expressions of more instructions: its maxSize, which is 128 MiB of 40 bytes each. */
const MAX_INSTRUCTIONS = 3_355_443;

/**
 * @param source Go regular expression, as code points.
 * @throws PatternError where Go's regexp.Compile reports an error.
 */
export function compileGoRegexp(source: string): LinearMatcher {
  const reader = new TextReader(source);
  const expression = readAlternatives(reader);
  if (!reader.done) throw new PatternError("unexpected )");
  if (programSize(expression) > MAX_INSTRUCTIONS) throw new PatternError("expression too large");
  return new LinearMatcher(expression);
}

/** Up to the end or to a closing parenthesis. */
function readAlternatives(reader: TextReader): Expression {
  const alternatives: Expression[] = [];
  let atoms: Expression[] = [];
  let repeated = false;
  while (!reader.done && !reader.startsWith(")")) {
    if (reader.skip("|")) {
      alternatives.push({ kind: "sequence", parts: atoms });
      atoms = [];
      repeated = false;
      continue;
    }
    const repetition = readRepetition(reader);
    if (repetition === undefined) {
      for (const atom of readAtoms(reader)) atoms.push(atom);
      repeated = false;
      continue;
    }
    const part = atoms.pop();
    if (part === undefined) throw new PatternError(`nothing to repeat with ${repetition.text}`);
    if (repeated) throw new PatternError(`${repetition.text} after another repetition`);
    atoms.push({ kind: "repeat", part, least: repetition.least, most: repetition.most });
    repeated = true;
  }
  return { kind: "choice", parts: [...alternatives, { kind: "sequence", parts: atoms }] };
}

/** Go's limit for `{n}`. */
const MAX_REPEATS = 1000;

interface Repetition {
  readonly text: string;
  readonly least: number;
  readonly most: number;
}

/** `*`, `?` or `{n,m}`, and the `?` for lazy ones, which changes no outcome. Braces around anything else are literal. */
function readRepetition(reader: TextReader): Repetition | undefined {
  const text = /^(?:[*?]|\{(?:0|[1-9]\d*)(?:,(?:0|[1-9]\d*)?)?\})/.exec(reader.source.slice(reader.at))?.[0];
  if (text === undefined) return undefined;
  const [least = 0, most = Infinity] = countsOf(text);
  const bounded = most !== Infinity;
  if (least > MAX_REPEATS || (bounded && (most > MAX_REPEATS || most < least))) {
    throw new PatternError(`invalid count ${text}`);
  }
  reader.skip(text);
  reader.skip("?");
  return { text, least, most };
}

function countsOf(repetition: string): number[] {
  if (repetition === "*") return [0];
  if (repetition === "?") return [0, 1];
  const counts = Array.from(repetition.matchAll(/\d+/g), Number);
  return repetition.includes(",") ? counts : [...counts, ...counts];
}

/** One unit that a repetition would apply to, or the characters of `\Q...\E`, each a unit. */
function readAtoms(reader: TextReader): Expression[] {
  if (reader.skip("\\Q")) return Array.from(reader.takeUntil("\\E"), literal);
  if (reader.skip("[")) return [oneOf(readClass(reader))];
  // Go's dot stops only at line feeds.
  if (reader.skip(".")) return [{ kind: "char", test: (codePoint) => codePoint !== 0x0a }];
  if (reader.skip("^") || reader.skip("\\A")) return [assertion("start")];
  if (reader.skip("$") || reader.skip("\\z")) return [assertion("end")];
  if (reader.skip("\\b")) return [assertion("boundary")];
  if (reader.skip("\\B")) return [assertion("no-boundary")];
  if (reader.skip("(")) {
    const group = readAlternatives(reader);
    if (!reader.skip(")")) throw new PatternError("missing )");
    return [group];
  }
  const group = readEscapedClass(reader);
  if (group !== undefined) return [oneOf({ ...group, negated: false })];
  if (reader.startsWith("\\")) return [literal(String.fromCodePoint(readEscape(reader)))];
  return [literal(reader.next() ?? "")];
}

function assertion(kind: Assertion): Expression {
  return { kind: "assertion", assertion: kind };
}

function literal(char: string): Expression {
  const expected = char.codePointAt(0);
  return { kind: "char", test: (codePoint) => codePoint === expected };
}

function oneOf({ ranges, properties, negated }: CharClass): Expression {
  const belongs = inRanges(ranges);
  if (properties.length === 0) return { kind: "char", test: (codePoint) => belongs(codePoint) !== negated };
  // oxlint-disable-next-line slipway-source/linear-regexp -- it is given one character at a time
  const property = new RegExp(`[${[...new Set(properties)].join("")}]`, "u");
  const test: CharTest = (codePoint) => belongs(codePoint) || property.test(String.fromCodePoint(codePoint));
  return { kind: "char", test: (codePoint) => test(codePoint) !== negated };
}

/** Searches by halves: a class may have thousands of ranges. */
function inRanges(ranges: CharClass["ranges"]): CharTest {
  const lows: number[] = [];
  const highs: number[] = [];
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = highs.at(-1) ?? -1;
    if (lows.length > 0 && low <= last) highs[highs.length - 1] = Math.max(last, high);
    else lows[highs.push(high) - 1] = low;
  }
  return (codePoint) => {
    let [from, to] = [0, lows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((lows[middle] ?? 0) <= codePoint) from = middle + 1;
      else to = middle;
    }
    return codePoint <= (highs[from - 1] ?? -1);
  };
}
