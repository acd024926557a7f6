/** Compiles one pattern of the ignore file to the cheapest test that gives moby's result. */
import { compileGoRegexp } from "./go-regexp.ts";
import type { LinearMatcher } from "./linear-matcher.ts";
import { toCodePoints } from "../files/path-bytes.ts";

/** A test of a path: at once by its byte string, or in steps by its code points. */
export type PathTest = { readonly test: (path: string) => boolean } | { readonly matcher: () => LinearMatcher };

/**
 * @param pattern Byte string, clean and without `!`.
 * @returns Its `matcher` throws a PatternError if the pattern is malformed. Moby compiles a pattern when it first needs it, so one that no
 *   path gets to is not an error: `matcher` throws, and not this function.
 */
export function compilePattern(pattern: string): PathTest {
  const { kind, expression } = translate(pattern);
  if (kind === "exact") return { test: (path) => path === pattern };
  if (kind === "prefix") {
    const prefix = pattern.slice(0, -2);
    return { test: (path) => path.startsWith(prefix) };
  }
  if (kind === "suffix") {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith("/") ? suffix.slice(1) : undefined;
    return { test: (path) => path.endsWith(suffix) || path === whole };
  }
  let matcher: LinearMatcher | undefined;
  return { matcher: () => (matcher ??= compileGoRegexp(expression)) };
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
