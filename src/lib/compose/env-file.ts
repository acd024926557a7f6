/** Files of variables: `.env`, and those of `env_file`. Source: docs.docker.com, "Env file syntax" of compose. */
import { ComposeError } from "./fault.ts";
import { interpolate } from "./interpolate.ts";
import type { Lookup } from "./interpolate.ts";

const SPACE = /[\t\v\f\r \u0085\u00A0]/;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  f: "\f",
  b: "\b",
  v: "\v",
  a: "\u0007",
  "\\": "\\",
};

/**
 * @param lookup variables that values may refer to. They have precedence over those of the file itself
 * @throws ComposeError with the file and the line
 */
export function parseEnvFile(source: string, name: string, lookup: Lookup): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const text = source.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const find: Lookup = (variable) => values.get(variable) ?? lookup(variable);
  let at = 0;
  const fail = (message: string): ComposeError => {
    const line = text.slice(0, at).split("\n").length;
    return new ComposeError(`${name}:${line}: ${message}`);
  };
  while (at < text.length) {
    if (text[at] === "\n" || SPACE.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const lineEnd = (): number => {
      const end = text.indexOf("\n", at);
      return end === -1 ? text.length : end;
    };
    if (text[at] === "#") {
      at = lineEnd();
      continue;
    }
    const line = text.slice(at, lineEnd());
    const start = /^export\s+/u.exec(line)?.[0].length ?? 0;
    const nameLength = line.slice(start).search(/[=:]/);
    const nameEnd = nameLength === -1 ? line.length : start + nameLength;
    const key = line.slice(start, nameEnd).trimEnd();
    if (key === "" || !/^[\p{L}\p{N}_.\-[\]]+$/u.test(key))
      throw fail(`${JSON.stringify(line)} does not begin with a name of a variable`);
    if (nameLength === -1) {
      const inherited = lookup(key);
      if (inherited !== undefined) values.set(key, inherited);
      at = lineEnd();
      continue;
    }
    at += line.length - line.slice(nameEnd + 1).trimStart().length;
    const quote = text[at];
    if (quote !== '"' && quote !== "'") {
      const end = lineEnd();
      const [raw = ""] = text.slice(at, end).split(" #", 1);
      values.set(key, interpolate(raw.trimEnd(), find));
      at = end;
      continue;
    }
    const closed = quoted(text, at + 1, quote);
    if (closed === undefined) throw fail(`the value of ${key} has no closing quote`);
    values.set(key, quote === '"' ? interpolate(unescaped(closed.raw), find) : closed.raw);
    at = closed.end;
  }
  return values;
}

function quoted(
  text: string,
  start: number,
  quote: string,
): { readonly raw: string; readonly end: number } | undefined {
  let raw = "";
  for (let at = start; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === quote) return { raw, end: at + 1 };
    if (letter === "\\" && text[at + 1] === quote) {
      raw += quote;
      at += 1;
    } else if (letter === "\\" && at + 1 < text.length) {
      raw += letter + text.charAt(at + 1);
      at += 1;
    } else raw += letter;
  }
  return undefined;
}

function unescaped(raw: string): string {
  return raw.replace(/\\([abfnrtv\\$]|0[0-7]{0,3})/g, (_, escape: string) => {
    if (escape === "$") return "$$";
    if (escape.startsWith("0")) return String.fromCharCode(Number.parseInt(escape, 8));
    return ESCAPES[escape] ?? escape;
  });
}
