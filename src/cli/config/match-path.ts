/** Patterns as in .gitignore, over one path, in linear time: they come with the source. */
import { compileGoRegexp } from "../../lib/dockerignore/go-regexp.ts";
import type { LinearMatcher } from "../../lib/dockerignore/linear-matcher.ts";
import { PatternError } from "../../lib/dockerignore/text-reader.ts";

interface Rule {
  readonly matcher: LinearMatcher;
  readonly negated: boolean;
  /** The pattern ends in a slash. */
  readonly directoriesOnly: boolean;
}

/**
 * Whether a file is selected by patterns as git would ignore it: the last one that matches decides, case does not count, and what is below a
 * selected directory is selected. A malformed pattern selects nothing.
 * @param path Relative, with slashes.
 */
export function matchesPath(patterns: readonly string[], path: string): boolean {
  const rules = patterns.flatMap(readRule);
  const parts = path.toLowerCase().split("/");
  return parts.some((_, index) => {
    const isFile = index === parts.length - 1;
    const part = parts.slice(0, index + 1).join("/");
    const last = rules.findLast((rule) => !(rule.directoriesOnly && isFile) && rule.matcher.test(part));
    return last !== undefined && !last.negated;
  });
}

function readRule(line: string): Rule[] {
  const trimmed = line.replace(/\r$/, "");
  const text = trimmed.endsWith("\\ ") ? trimmed : trimmed.trimEnd();
  if (text === "" || text.startsWith("#")) return [];
  const negated = text.startsWith("!");
  const pattern = negated ? text.slice(1) : text;
  const directoriesOnly = pattern.endsWith("/");
  const body = directoriesOnly ? pattern.slice(0, -1) : pattern;
  if (body === "") return [];
  try {
    return [{ matcher: compileGoRegexp(translate(body.toLowerCase())), negated, directoriesOnly }];
  } catch (error) {
    if (error instanceof PatternError) return [];
    throw error;
  }
}

const ANY = "[\\x00-\\x{10ffff}]";
const DIRECTORIES = `(${ANY}*/)?`;

/** A pattern with a slash in it counts from the file's directory, any other in every directory. */
function translate(pattern: string): string {
  const segments = (pattern.startsWith("/") ? pattern.slice(1) : pattern).split("/");
  let expression = pattern.includes("/") ? "^" : `^${DIRECTORIES}`;
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === "**") expression += isLast ? `${ANY}{1,}` : DIRECTORIES;
    else expression += translateSegment(segment) + (isLast ? "" : "/");
  }
  return `${expression}$`;
}

function translateSegment(segment: string): string {
  let expression = "";
  const chars = Array.from(segment);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "*") expression += chars[at - 1] === "*" ? "" : "[^/]*";
    else if (char === "?") expression += "[^/]";
    else if (char === "[" && chars.indexOf("]", at + 2) > 0) {
      const end = chars.indexOf("]", at + 2);
      const isNegated = chars[at + 1] === "!" || chars[at + 1] === "^";
      const members = chars.slice(isNegated ? at + 2 : at + 1, end);
      expression += `[${isNegated ? "^/" : ""}${members.map((member) => (member === "-" ? member : literal(member))).join("")}]`;
      at = end;
    } else if (char === "\\" && at + 1 < chars.length) expression += literal(chars[++at] ?? "");
    else expression += literal(char);
  }
  return expression;
}

function literal(char: string): string {
  return `\\x{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
