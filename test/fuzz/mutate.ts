/** Inputs made wrong at random: a seed text with some of its parts cut, doubled, swapped or replaced by what parsers stumble over. */

export type Random = () => number;

const STUMBLING_BLOCKS = [
  "\0",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\\",
  '"',
  "'",
  "`",
  "$",
  "${",
  "}",
  "{",
  "[",
  "]",
  "(",
  ")",
  "*",
  "**",
  "**/",
  "?",
  "!",
  "#",
  "/",
  "//",
  "../",
  ":",
  "::",
  "@",
  "=",
  ",",
  ";",
  "|",
  "-",
  "--",
  "<<EOF\n",
  "<<-E",
  "&a",
  "*a",
  "%",
  "%00",
  "\uFEFF",
  "\uD800",
  "\u{1F600}",
  "é",
  "e\u0301",
  "\u202E",
  "\u001b[2J",
  "0",
  "-1",
  "1e309",
  "99999999999999999999",
  "null",
  "true",
  "NaN",
  "__proto__",
  "constructor",
  "toString",
  "sha256:",
  "http://",
  "[::1]",
  "\x7F",
  "a".repeat(300),
  "(".repeat(40),
  "[".repeat(60),
  '{"a":'.repeat(30),
];

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** One input out of seeds; every tenth is long. */
export function mutateText(random: Random, seeds: readonly string[]): string {
  let text = pick(random, seeds);
  const changes = 1 + Math.floor(random() * 5);
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random() * (text.length + 1));
    const end = Math.min(text.length, at + Math.floor(random() * 12));
    const kind = random();
    if (kind < 0.35) text = text.slice(0, at) + pick(random, STUMBLING_BLOCKS) + text.slice(at);
    else if (kind < 0.55) text = text.slice(0, at) + text.slice(end);
    else if (kind < 0.7) text = text.slice(0, at) + pick(random, STUMBLING_BLOCKS) + text.slice(end);
    else if (kind < 0.8) text = text.slice(0, at);
    else if (kind < 0.9)
      text = text.slice(0, at) + pick(random, seeds).slice(Math.floor(random() * 20)) + text.slice(at);
    else if (kind < 0.97)
      text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 0x1_00_00)) + text.slice(end);
    else text = text.slice(0, at) + text.slice(at, end + 1).repeat(1 + Math.floor(random() * 400)) + text.slice(end);
  }
  return text.slice(0, 20_000);
}

/**
 * A copy of JSON data with parts left out, emptied or their texts changed, each of the kind it was: what an API may answer that
 * keeps to its schema.
 */
export function mutateData(random: Random, value: unknown): unknown {
  if (typeof value === "string") return random() < 0.15 ? mutateText(random, [value, ""]) : value;
  if (typeof value === "number") return random() < 0.15 ? pick(random, [0, -1, 255, 2 ** 53, 1.5]) : value;
  if (typeof value === "boolean") return random() < 0.1 ? !value : value;
  if (Array.isArray(value)) {
    const kept = value.filter(() => random() > 0.08).map((item) => mutateData(random, item));
    return random() < 0.04 ? [...kept, ...kept] : kept;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(() => random() > 0.06);
  return Object.fromEntries(entries.map(([key, item]) => [key, mutateData(random, item)]));
}
