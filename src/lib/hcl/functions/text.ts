/** Functions of texts. */
import { posix } from "node:path";
import { ArgumentError, numberParameter, textAt, textFunction, textParameter, wholeAt } from "../function.ts";
import type { Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { STRING, listOf } from "../type.ts";
import { asText, compareTexts, integer, isNull, isWhollyKnown, itemsOf, list, text, unknownOf } from "../value.ts";

const SEGMENTER = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The characters as a reader counts them, with their accents. */
export function charactersOf(value: string): string[] {
  return Array.from(SEGMENTER.segment(value), ({ segment }) => segment);
}

/** Limit for a text that only a number makes long. */
const MAX_REPEAT = 10_000_000;

export function repeated(value: string, times: number): string {
  if (value.length * times > MAX_REPEAT) throw new HclError("the text would be too long");
  return value.repeat(Math.max(0, times));
}

/** Letters for which JavaScript gives two. Go keeps all others of that kind unchanged. Source: Unicode, UnicodeData.txt. */
const SIMPLE_CASE: ReadonlyMap<string, string> = new Map([
  ["\u0130", "i"],
  ["\u1FB3", "\u1FBC"],
  ["\u1FC3", "\u1FCC"],
  ["\u1FF3", "\u1FFC"],
  ...[0x1f80, 0x1f90, 0x1fa0].flatMap((first) =>
    Array.from({ length: 8 }, (_, index): [string, string] => [
      String.fromCodePoint(first + index),
      String.fromCodePoint(first + index + 8),
    ]),
  ),
]);

/** Letter by letter, by Unicode's simple mapping. */
function mapped(value: string, change: (letter: string) => string): string {
  return Array.from(value, (letter) => {
    const changed = change(letter);
    return Array.from(changed).length === 1 ? changed : (SIMPLE_CASE.get(letter) ?? letter);
  }).join("");
}

/** Capitalises the first letters of words. */
function title(value: string): string {
  let isInWord = false;
  return Array.from(value, (letter) => {
    const wasInWord = isInWord;
    isInWord = letter.charCodeAt(0) < 0x80 ? /\w/.test(letter) : !/\p{White_Space}/u.test(letter);
    return wasInWord ? letter : mapped(letter, (own) => own.toUpperCase());
  }).join("");
}

const SPACE = /[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;

function trimmed(value: string, isCut: (letter: string) => boolean): string {
  const letters = Array.from(value);
  let start = 0;
  let end = letters.length;
  while (start < end && isCut(letters[start] ?? "")) start += 1;
  while (end > start && isCut(letters[end - 1] ?? "")) end -= 1;
  return letters.slice(start, end).join("");
}

function substring(value: string, offset: number, length: number): string {
  const characters = charactersOf(value);
  if (offset >= 0 && length === 0) return "";
  // A negative offset counts from the end, at most to the beginning.
  const start = offset < 0 ? Math.max(0, offset + characters.length) : offset;
  const rest = characters.slice(start);
  return (length <= 0 ? rest : rest.slice(0, length)).join("");
}

function parts(separator: string, value: string): string[] {
  return separator === "" ? Array.from(value) : value.split(separator);
}

function baseName(path: string): string {
  if (path === "") return ".";
  return posix.basename(path) || "/";
}

export const TEXT: Functions = {
  basename: textFunction("The last part of a path.", ["path"], (path = "") => baseName(path)),
  chomp: textFunction("The text without the ends of lines at its end.", ["str"], (value = "") => {
    let end = value.length;
    while (end > 0 && "\r\n".includes(value.charAt(end - 1))) end -= 1;
    return value.slice(0, end);
  }),
  dirname: textFunction("The directory of a path.", ["path"], (path = "") =>
    posix.normalize(path.slice(0, path.lastIndexOf("/") + 1) || ".").replace(/(.)\/$/, "$1"),
  ),
  indent: {
    description: "The text with that many spaces after each end of a line.",
    parameters: [numberParameter("spaces"), textParameter("str")],
    run: (args) => {
      const spaces = wholeAt(args, 0);
      if (spaces < 0) throw new ArgumentError(0, "it must not be negative");
      return text(textAt(args, 1).replaceAll("\n", `\n${repeated(" ", spaces)}`));
    },
  },
  join: {
    description: "The elements of all lists in one text, with the separator between them.",
    parameters: [textParameter("separator")],
    variadic: { name: "lists", type: listOf(STRING) },
    run: (args) => {
      const [separator, ...lists] = args;
      if (lists.length === 0 || separator === undefined) throw new HclError("at least one list is needed");
      const items = lists.flatMap((own, index) => {
        const elements = itemsOf(own);
        const missing = elements.findIndex(isNull);
        if (missing !== -1) throw new ArgumentError(index + 1, `element ${missing} is null`);
        return elements;
      });
      if (!items.every(isWhollyKnown)) return unknownOf(STRING);
      return text(items.map(asText).join(asText(separator)));
    },
  },
  lower: textFunction("The text in lowercase letters.", ["str"], (value = "") =>
    mapped(value, (letter) => letter.toLowerCase()),
  ),
  replace: textFunction(
    "The text with each occurrence of one text replaced by another one.",
    ["str", "substr", "replace"],
    (value = "", searched = "", replacement = "") => {
      if (searched !== "") return value.split(searched).join(replacement);
      return `${replacement}${Array.from(value, (letter) => letter + replacement).join("")}`;
    },
  ),
  reverse: textFunction("The characters of the text in the opposite order.", ["str"], (value = "") =>
    charactersOf(value).toReversed().join(""),
  ),
  sanitize: textFunction(
    "The text with an underscore for each character that the name of a target cannot have.",
    ["name"],
    (value = "") => Array.from(value, (letter) => (/^[\w-]$/.test(letter) ? letter : "_")).join(""),
  ),
  sort: {
    description: "The texts of the list in the order of their bytes.",
    parameters: [{ name: "list", type: listOf(STRING), allowsUnknown: true }],
    run: ([own]) => {
      if (own === undefined || !isWhollyKnown(own)) return unknownOf(listOf(STRING));
      const items = itemsOf(own);
      const missing = items.findIndex(isNull);
      if (missing !== -1) throw new HclError(`element ${missing} is null, and cannot be sorted`);
      return list(items.map(asText).sort(compareTexts).map(text), STRING);
    },
  },
  split: {
    description: "The parts of the text between the separators.",
    parameters: [textParameter("separator"), textParameter("str")],
    run: (args) => list(parts(textAt(args, 0), textAt(args, 1)).map(text), STRING),
  },
  strlen: {
    description: "How many characters the text has, as a reader counts them.",
    parameters: [textParameter("str")],
    run: (args) => integer(charactersOf(textAt(args, 0)).length),
  },
  substr: {
    description: "A part of the text: from that character on, that many. A negative length is the rest of it.",
    parameters: [textParameter("str"), numberParameter("offset"), numberParameter("length")],
    run: (args) => text(substring(textAt(args, 0), wholeAt(args, 1), wholeAt(args, 2))),
  },
  title: textFunction("The text with a capital at the start of each word.", ["str"], (value = "") => title(value)),
  trim: textFunction("The text without those characters at its ends.", ["str", "cutset"], (value = "", cut = "") => {
    const characters = new Set(cut);
    return trimmed(value, (letter) => characters.has(letter));
  }),
  trimprefix: textFunction("The text without that beginning.", ["str", "prefix"], (value = "", prefix = "") =>
    value.startsWith(prefix) ? value.slice(prefix.length) : value,
  ),
  trimspace: textFunction("The text without the spaces at its ends.", ["str"], (value = "") =>
    trimmed(value, (letter) => SPACE.test(letter)),
  ),
  trimsuffix: textFunction("The text without that end.", ["str", "suffix"], (value = "", suffix = "") =>
    suffix !== "" && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
  ),
  upper: textFunction("The text in capitals.", ["str"], (value = "") =>
    mapped(value, (letter) => letter.toUpperCase()),
  ),
};
