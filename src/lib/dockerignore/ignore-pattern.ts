/** Compiles one pattern of the ignore file to the cheapest test that gives moby's result. */
import { compileGoRegexp } from "./go-regexp.ts";
import { toCodePoints } from "../files/path-bytes.ts";

/**
 * Whether a path matches.
 * @param path Byte string relative to the context.
 * @param text The same path as code points, for regular expressions.
 * @throws PatternError if the pattern is malformed. Moby compiles a pattern at its first use, so a malformed pattern that is
 *   never used is not an error. That is why this function throws, and not `compilePattern`.
 */
export type PathTest = (path: string, text: string) => boolean;

/** @param pattern Byte string, clean and without `!`. */
export function compilePattern(pattern: string): PathTest {
  const { kind, expression } = translate(pattern);
  if (kind === "exact") return (path) => path === pattern;
  if (kind === "prefix") {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === "suffix") {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith("/") ? suffix.slice(1) : undefined;
    return (path) => path.endsWith(suffix) || path === whole;
  }
  return compileExpression(expression);
}

function compileExpression(expression: string): PathTest {
  try {
    const regexp = compileGoRegexp(expression);
    return (_, text) => regexp.test(text);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

type Kind = "exact" | "prefix" | "suffix" | "regexp";

/**
 * Characters that moby escapes because they are special in Go's expressions and ordinary in a pattern. It tries to escape
 * `{`, `|` and `}` too, but its table of eight bytes ends before them: next to a wildcard they are repetitions and alternatives.
 */
const ESCAPED = new Set(".+()$");

/**
 * Reads from left to right, as moby does. The kind is `exact` at first. `**` at the start makes it a suffix; `**` at the end of an
 * exact pattern makes it a prefix; any other `*`, `?`, bracket or backslash makes it a regular expression.
 */
function translate(pattern: string): { kind: Kind; expression: string } {
  let kind: Kind = "exact";
  let expression = "^";
  // Go's text/scanner, which moby reads the pattern with, drops a byte order mark.
  const chars = Array.from(toCodePoints(pattern).replace(/^\u{feff}/u, ""));
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "*" && chars[at + 1] === "*") {
      const first = at === 0;
      at++;
      if (chars[at + 1] === "/") at++;
      const last = at + 1 === chars.length;
      if (last && kind === "exact") {
        kind = "prefix";
      } else {
        expression += last ? ".*" : "(.*/)?";
        kind = "regexp";
      }
      if (first) kind = "suffix";
    } else if (char === "*" || char === "?") {
      expression += char === "*" ? "[^/]*" : "[^/]";
      kind = "regexp";
    } else if (char === "\\") {
      at++;
      expression += `\\${chars[at] ?? ""}`;
      if (at < chars.length) kind = "regexp";
    } else if (char === "[" || char === "]") {
      expression += char;
      kind = "regexp";
    } else {
      expression += ESCAPED.has(char) ? `\\${char}` : char;
    }
  }
  return { kind, expression: `${expression}$` };
}
