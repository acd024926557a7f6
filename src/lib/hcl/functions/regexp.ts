/** Functions of regular expressions. Patterns have Go's syntax, and a search takes linear time for any pattern. */
import { RE2JS } from "re2js";
import { spend, spendOnText } from "../../limits/budget.ts";
import { aboutArgument, textAt, textParameter } from "../function.ts";
import type { Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { STRING, objectOf, tupleOf } from "../type.ts";
import type { Type } from "../type.ts";
import { list, nullOf, object, text, tuple } from "../value.ts";
import type { Value } from "../value.ts";

interface Pattern {
  readonly compiled: RE2JS;
  /** By the number of the group, from 1; undefined for one without a name. */
  readonly names: readonly (string | undefined)[];
}

/** Longer patterns are refused, as they can be much longer when compiled. */
const MAX_PATTERN_LENGTH = 20_000;

function compile(pattern: string): Pattern {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new HclError("the pattern is too long");
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new HclError(`${JSON.stringify(pattern)} is not a regular expression: ${(error as Error).message}`);
  }
  spend(compiled.programSize());
  const byNumber = new Map(Object.entries(compiled.namedGroups()).map(([name, group]) => [group, name]));
  return { compiled, names: Array.from({ length: compiled.groupCount() }, (_, index) => byNumber.get(index + 1)) };
}

function typeOf({ names }: Pattern): Type {
  if (names.length === 0) return STRING;
  const named = names.filter((name) => name !== undefined);
  if (named.length === 0) return tupleOf(names.map(() => STRING));
  if (named.length < names.length) throw new HclError("either all groups of a pattern have names, or none");
  return objectOf(named.map((name) => [name, STRING] as const));
}

type Match = readonly (string | null)[];

/** All matches, each with its groups. Source of the rule for the next match: Go, regexp.(*Regexp).allMatches. */
function* matchesOf(
  { compiled }: Pattern,
  value: string,
): Generator<{ readonly start: number; readonly end: number; readonly groups: Match }> {
  const matcher = compiled.matcher(value);
  let previousEnd = -1;
  let at = 0;
  // A search may read the whole rest, by all instructions, to find a short match.
  const size = 1 + compiled.programSize();
  while (at <= value.length) {
    spendOnText((value.length - at) * size);
    if (!matcher.find(at)) break;
    const start = matcher.start();
    const end = matcher.end();
    const isEmptyAfterMatch = start === end && start === previousEnd;
    if (!isEmptyAfterMatch) {
      const groups = Array.from({ length: compiled.groupCount() + 1 }, (_, group) => matcher.group(group) ?? null);
      yield { start, end, groups };
    }
    previousEnd = end;
    at = end > start ? end : end + ((value.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
}

function resultOf({ names }: Pattern, [whole, ...groups]: Match): Value {
  const valueOf = (group: string | null | undefined): Value =>
    group === null || group === undefined ? nullOf(STRING) : text(group);
  if (names.length === 0) return valueOf(whole);
  if (names[0] === undefined) return tuple(groups.map(valueOf));
  return object(names.map((name, index) => [name ?? "", valueOf(groups[index])] as const));
}

/** `$1`, `${1}`, `$name` and `${name}` in a replacement; `$$` is a dollar. Source: Go, regexp.(*Regexp).Expand. */
const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

function expand({ names }: Pattern, template: string, groups: Match): string {
  return template.replace(REFERENCE, (all: string, braced?: string, plain?: string) => {
    if (all === "$$") return "$";
    const name = braced ?? plain ?? "";
    const index = /^\d+$/.test(name) ? Number(name) : names.indexOf(name) + 1;
    if (index === 0 && !/^0+$/.test(name)) return "";
    return groups[index] ?? "";
  });
}

export const REGEXP: Functions = {
  regex: {
    description: "The first match of the pattern in the text; where the pattern has groups, what they matched.",
    parameters: [textParameter("pattern"), textParameter("string")],
    run: (args) => {
      const pattern = aboutArgument(0, () => compile(textAt(args, 0)));
      aboutArgument(0, () => typeOf(pattern));
      const [first] = matchesOf(pattern, textAt(args, 1));
      if (first === undefined) throw new HclError("the pattern matches no part of the text");
      return resultOf(pattern, first.groups);
    },
  },
  regex_replace: {
    description: "The text with each match of the pattern replaced; $1 and ${name} stand for groups.",
    parameters: [textParameter("str"), textParameter("pattern"), textParameter("replace")],
    run: (args) => {
      const value = textAt(args, 0);
      const pattern = aboutArgument(1, () => compile(textAt(args, 1)));
      let result = "";
      let at = 0;
      for (const { start, end, groups } of matchesOf(pattern, value)) {
        result += value.slice(at, start) + expand(pattern, textAt(args, 2), groups);
        at = end;
      }
      return text(result + value.slice(at));
    },
  },
  regexall: {
    description: "All matches of the pattern in the text, each as `regex` gives it.",
    parameters: [textParameter("pattern"), textParameter("string")],
    run: (args) => {
      const pattern = aboutArgument(0, () => compile(textAt(args, 0)));
      const type = aboutArgument(0, () => typeOf(pattern));
      const results = Array.from(matchesOf(pattern, textAt(args, 1)), ({ groups }) => resultOf(pattern, groups));
      return list(results, type);
    },
  },
};
