/**
 * Translates Go's regular expressions to JavaScript's. A `.dockerignore` pattern reaches Go's `regexp` nearly as written, so its
 * classes, escapes, repetitions and errors are Go's: `[[:digit:]]`, `\d`, `\p{Greek}`, `\x2a`, `a{2}` and `\Q` mean
 * something, `\e` is an error. Flags and group names cannot occur, because moby escapes the parentheses of a pattern.
 * The language: https://github.com/google/re2/wiki/Syntax, with the flags of Go's regexp.Compile.
 */
import { type CharClass, readClass, readEscape, readEscapedClass } from "./go-regexp-class.ts";
import { PatternError, TextReader } from "./text-reader.ts";

/**
 * @param source Go regular expression, as code points.
 * @throws PatternError where Go's regexp.Compile reports an error.
 */
export function compileGoRegexp(source: string): RegExp {
  const reader = new TextReader(source);
  const translation = readAlternatives(reader);
  if (!reader.done) throw new PatternError("unexpected )");
  return new RegExp(translation, "u");
}

/** Reads up to the end or to a closing parenthesis. */
function readAlternatives(reader: TextReader): string {
  const alternatives: string[] = [];
  let atoms: string[] = [];
  let repeated = false;
  while (!reader.done && !reader.startsWith(")")) {
    if (reader.skip("|")) {
      alternatives.push(join(atoms));
      atoms = [];
      repeated = false;
      continue;
    }
    const repetition = readRepetition(reader);
    if (repetition === undefined) {
      atoms.push(...readAtoms(reader));
      repeated = false;
      continue;
    }
    const last = atoms.pop();
    if (last === undefined) throw new PatternError(`nothing to repeat with ${repetition}`);
    if (repeated) throw new PatternError(`${repetition} after another repetition`);
    atoms.push(repeat(last, repetition));
    repeated = true;
  }
  return [...alternatives, join(atoms)].join("|");
}

/** Two `**` + `/` in a row match the same as one, but JavaScript would try every way to split a path between them. */
function join(atoms: readonly string[]): string {
  return atoms.filter((atom, index) => atom !== atoms[index - 1] || !/(\*|\)\?)$/.test(atom)).join("");
}

function repeat(atom: string, repetition: string): string {
  // Go can repeat an assertion or a repetition; JavaScript can only if it is in a group.
  return /^(\[.*\]|\(.*\)|\\u\{[\da-f]+\}|[\w/ -])$/.test(atom) ? atom + repetition : `(?:${atom})${repetition}`;
}

/** Go's limit for `{n}`. */
const MAX_REPEATS = 1000;

/** Reads `*`, `?` or `{n,m}`, and a lazy `?`, which does not change the result. Braces around anything else are literal. */
function readRepetition(reader: TextReader): string | undefined {
  const repetition = /^(?:[*?]|\{(?:0|[1-9]\d*)(?:,(?:0|[1-9]\d*)?)?\})/.exec(reader.source.slice(reader.at))?.[0];
  if (repetition === undefined) return undefined;
  const [least = 0, most = Infinity] = Array.from(repetition.matchAll(/\d+/g), Number);
  const bounded = most !== Infinity;
  if (least > MAX_REPEATS || (bounded && (most > MAX_REPEATS || most < least))) {
    throw new PatternError(`invalid count ${repetition}`);
  }
  reader.skip(repetition);
  reader.skip("?");
  return repetition;
}

/** Reads one unit that a repetition applies to, or the characters of `\Q...\E`, each a unit. */
function readAtoms(reader: TextReader): string[] {
  if (reader.skip("\\Q")) return Array.from(reader.takeUntil("\\E"), writeLiteral);
  if (reader.skip("[")) return [writeClass(readClass(reader))];
  // Go's dot matches everything but line feeds.
  if (reader.skip(".")) return ["[^\\n]"];
  if (reader.skip("^") || reader.skip("\\A")) return ["^"];
  if (reader.skip("$") || reader.skip("\\z")) return ["$"];
  if (reader.skip("\\b")) return ["\\b"];
  if (reader.skip("\\B")) return ["\\B"];
  if (reader.skip("(")) {
    const group = `(?:${readAlternatives(reader)})`;
    if (!reader.skip(")")) throw new PatternError("missing )");
    return [group];
  }
  const group = readEscapedClass(reader);
  if (group !== undefined) return [writeClass({ ...group, negated: false })];
  if (reader.startsWith("\\")) return [writeLiteral(String.fromCodePoint(readEscape(reader)))];
  return [writeLiteral(reader.next() ?? "")];
}

function writeLiteral(char: string): string {
  return /^[\w/ -]$/.test(char) ? char : writeCodePoint(char.codePointAt(0) ?? 0);
}

function writeCodePoint(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

function writeClass(set: CharClass): string {
  const ranges = set.ranges.map(([low, high]) => `${writeCodePoint(low)}-${writeCodePoint(high)}`);
  return `[${set.negated ? "^" : ""}${ranges.join("")}${set.properties.join("")}]`;
}
