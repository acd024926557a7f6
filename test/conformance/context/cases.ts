/** Generated ignore files and trees, from realistic ones to absurd ones. */
import { toBytes } from "../../../src/lib/files/path-bytes.ts";
import type { Random } from "./random.ts";

export interface ConformanceCase {
  /** Byte string. */
  readonly ignore: string;
  /** Byte strings in the order of a walk, directories with a slash at the end. */
  readonly tree: readonly string[];
}

const NAMES = [
  "a",
  "b",
  "c",
  "ab",
  "abc",
  "foo",
  "foobar",
  "bar",
  "x",
  "src",
  "docs",
  "node_modules",
  "main.go",
  "a.log",
]
  .concat([
    "b.md",
    ".git",
    ".x",
    "..x",
    "README",
    "Foo",
    "5",
    "42",
    "a-b",
    "a_b",
    "a b",
    " a",
    "a ",
    "#c",
    "!foo",
    "!",
    "**",
  ])
  .concat([
    "^foo",
    "^",
    "$",
    "[a]",
    "a[",
    "]",
    "\\",
    "a\\b",
    "(x)|.y+$z",
    "{a}",
    "+",
    "\u{feff}foo",
    "é",
    "ö.log",
    "日本",
    "😀",
  ])
  .concat([
    "e\u{301}",
    "\u{a0}x",
    "a\nb",
    "a\tb",
    "\r",
    "\u{2028}",
    "\u{85}",
    "\u{fffd}",
    "A",
    "Z",
    "_",
    "0",
    "~",
    "\u{7f}",
    "\u{1}",
  ])
  .map(toBytes)
  .concat(["\xff", "n\xe9", "\xf0\x9f", "\xe6\x97", "a\xc2", "\xed\xa0\x80", "\xbf"]);

/** Pieces of patterns that mean something somewhere. */
const SCRAPS = [
  "*",
  "**",
  "***",
  "?",
  "/",
  ".",
  "..",
  "./",
  "../",
  "[a-c]",
  "[^a]",
  "[!a]",
  "[-a]",
  "[a-]",
  "[[:digit:]]",
]
  .concat([
    "[[:^alpha:]]",
    "[\\d]",
    "[\\]]",
    "[.]",
    "[^/]",
    "[é-ö]",
    "[+--]",
    "[\\pL]",
    "[\\P{Lu}x]",
    "[😀]",
    "[[a]",
    "[\\w-z]",
  ])
  .concat([
    "]",
    "\\\\",
    "\\*",
    "\\?",
    "\\[",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "\\b",
    "\\B",
    "\\A",
    "\\z",
    "\\Q",
    "\\E",
  ])
  .concat([
    "\\x41",
    "\\x{e9}",
    "\\0",
    "\\12",
    "\\141",
    "\\pL",
    "\\PN",
    "\\pl",
    "\\p{Greek}",
    "\\p{^latin}",
    "\\P{Han}",
    "\\p{Any}",
  ])
  .concat([
    "\\p{lower case_Letter}",
    "\\a",
    "\\n",
    "\\t",
    "\\_",
    "\\-",
    "\\ ",
    "^",
    "$",
    "(",
    ")",
    "|",
    "+",
    "{",
    "}",
    "{2}",
    "{0}",
  ])
  .concat([
    "{1,}",
    "{0,1}",
    "{,2}",
    "{02}",
    "{1000}",
    "!",
    "#",
    " ",
    "\t",
    "\u{a0}",
    "\u{85}",
    "\u{feff}",
    "\u{3000}",
    "\u{fffd}",
  ])
  .concat(["-", ":", ",", "é", "日", "😀", "a", "b", "c", "foo", ".log", "x"])
  .map(toBytes)
  .concat(["\xff", "\xe9", "\xc2", "\0"]);

/** Pieces that are an error, in most places. */
const BROKEN = [
  "[",
  "[a",
  "[]",
  "[^]",
  "[c-a]",
  "[[:nope:]]",
  "[[:",
  "[*]",
  "[a*]",
  "[?]",
  "[**/]",
  "[a-\\d]",
  "[a-",
  "[x-*",
  "\\",
]
  .concat([
    "\\Z",
    "\\C",
    "\\x",
    "\\x6",
    "\\x{110000}",
    "\\x{}",
    "\\1",
    "\\08",
    "\\px",
    "\\p",
    "\\p{",
    "\\p{Nope}",
    "\\p{Old_Italic}",
    "\\e",
  ])
  .concat(["\\v", "\\é", "{2,1}", "{1001}", "{2}{2}", "{99999999999}", "|{2}", ":]]", "*{2}"])
  .map(toBytes);

function pickScrap(random: Random): string {
  return random.chance(0.1) ? random.pick(BROKEN) : random.pick(SCRAPS);
}

export function makeCase(random: Random): ConformanceCase {
  // A small vocabulary for each case, so that patterns and paths meet.
  const names = Array.from({ length: 3 + random.below(5) }, () =>
    random.chance(0.5) ? random.pick(NAMES.slice(0, 20)) : random.pick(NAMES),
  );
  const tree = makeTree(
    random,
    names.filter((name) => name !== "." && name !== ".."),
    0,
  );
  const lines = Array.from({ length: 1 + random.below(6) }, () => makeLine(random, tree, names));
  const ending = random.chance(0.1) ? "\r\n" : "\n";
  const mark = random.chance(0.02) ? toBytes("\u{feff}") : "";
  return { ignore: mark + lines.join(ending) + (random.chance(0.5) ? ending : ""), tree };
}

function makeTree(random: Random, names: readonly string[], depth: number): string[] {
  const here = [...new Set(Array.from({ length: 1 + random.below(4) }, () => random.pick(names)))].sort();
  return here.flatMap((name) => {
    if (depth === 4 || random.chance(0.4)) return [name];
    const below = random.chance(0.1) ? [] : makeTree(random, names, depth + 1);
    return [`${name}/`, ...below.map((path) => `${name}/${path}`)];
  });
}

function makeLine(random: Random, tree: readonly string[], names: readonly string[]): string {
  let line = random.pick(LINES)(random, tree, names);
  if (random.chance(0.3)) line = `!${line}`;
  if (random.chance(0.05)) line = random.pick(BEFORE) + line;
  if (random.chance(0.05)) line += random.pick(AFTER);
  return line;
}

const BEFORE = [" ", "\t", "/", "./", "!", "#", " #", "\r", "\xc2\xa0", "\xef\xbb\xbf"];
const AFTER = [" ", "\t", "/", "/.", "\r", "\\ ", "/..", "\xc2\xa0"];

type MakeLine = (random: Random, tree: readonly string[], names: readonly string[]) => string;

/** Kinds of lines, as often as they stand here. */
const LINES: readonly MakeLine[] = [
  ...Array<MakeLine>(16).fill((random, tree, names) => bendPath(random, random.pick(tree), names)),
  ...Array<MakeLine>(2).fill((random, _, names) => makeScraps(random, names)),
  // All of a directory but something, which is where walks are cut short.
  (random, tree) => makeException(random, random.pick(tree)),
  // Wrong behind a star, where a quick check does not look.
  (random, _, names) => `${random.pick(names)}*${random.pick(BROKEN)}`.replaceAll("\n", ""),
];

function makeException(random: Random, path: string): string {
  const parts = path.replaceAll("\n", "?").split("/");
  const kept = 1 + random.below(parts.length);
  const ending = random.pick(["/*", "/**", "/*/**", "/**/*", "/*/*", ""]);
  const directory = parts.slice(0, kept).join("/");
  return random.chance(0.5)
    ? `${directory}\n!${parts.slice(0, 1 + random.below(kept)).join("/")}${ending}`
    : directory + ending;
}

function makeScraps(random: Random, names: readonly string[]): string {
  const from = () => (random.chance(0.3) ? random.pick(names) : pickScrap(random));
  return Array.from({ length: 1 + random.below(6) }, from)
    .join("")
    .replaceAll("\n", "");
}

/** A path made a pattern: parts lost, added, and characters exchanged for what may match them. */
function bendPath(random: Random, path: string, names: readonly string[]): string {
  let parts = path.replace(/\/$/, "").split("/");
  if (random.chance(0.3)) parts = parts.slice(0, 1 + random.below(parts.length));
  if (random.chance(0.15)) parts = parts.slice(random.below(parts.length));
  const bent = parts.map((part) => (random.chance(0.45) ? part : bendPart(random, part, names)));
  if (random.chance(0.15)) bent.unshift("**");
  if (random.chance(0.15))
    bent.splice(random.below(bent.length + 1), 0, random.pick(["**", "*", "..", ".", "", "***"]));
  if (random.chance(0.15)) bent.push(random.pick(["**", "*", "", "."]));
  return bent.join(random.chance(0.02) ? "//" : "/").replaceAll("\n", "?");
}

function bendPart(random: Random, part: string, names: readonly string[]): string {
  const at = random.below(part.length);
  const [before, char, after] = [part.slice(0, at), part.slice(at, at + 1), part.slice(at + 1)];
  const hex = char.charCodeAt(0).toString(16).padStart(2, "0");
  return random.pick([
    () => "*",
    () => "**",
    () => `${before}*`,
    () => `*${after}`,
    () => `${before}*${after}`,
    () => `${before}**`,
    () => `**${after}`,
    () => `${before}**${after}`,
    () => `${before}?${after}`,
    () => `${before}[${char}]${after}`,
    () => `${before}[^${char}]${after}`,
    () => `${before}[!${char}]${after}`,
    () => `${before}[a-z]${after}`,
    () => `${before}\\${char}${after}`,
    () => `${before}\\x${hex}${after}`,
    () => `\\Q${part}\\E`,
    () => `^${part}`,
    () => before + pickScrap(random) + after,
    () => before + char + pickScrap(random) + after,
    () => random.pick(names),
  ])();
}
