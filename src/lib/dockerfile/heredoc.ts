import { jsonStrings, unquote } from "./words.ts";

export interface Heredoc {
  /** The word that ends the heredoc. */
  readonly name: string;
  /** `<<-`: leading tabs are removed. */
  readonly chomp: boolean;
  /** Variables in the content are expanded, because its word was written without quotes. */
  readonly expand: boolean;
  readonly content: string;
}

const WITH_HEREDOCS = /^(?:onbuild\s+)?(?:add|copy|run)\s+(\S.*)/is;

/** The heredocs that an instruction announces, in order. Their content follows on the next lines. */
export function findHeredocs(line: string): Omit<Heredoc, "content">[] {
  const operand = line.includes("<<") ? WITH_HEREDOCS.exec(line)?.[1] : undefined;
  if (operand === undefined || isExecForm(operand)) return [];
  return shellWords(operand).flatMap((word) => {
    const [, dash, rest] = /^\d*<<(-?)([^<]+)$/s.exec(word) ?? [];
    if (rest === undefined) return [];
    const end = rest.trim();
    const quotes = (text: string) => text.replaceAll(/[^'"]/g, "").length;
    const name = unquote(end, "\\");
    return name === "" ? [] : [{ name, chomp: dash === "-", expand: quotes(name) === quotes(end) }];
  });
}

/**
 * Splits words as BuildKit does when it looks for heredocs: blanks after `<<` belong to the word. A line that BuildKit cannot
 * split (an open quote, a `${…}` of another shell) has no heredocs.
 */
function shellWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (quote !== "'" && character === "$" && text[at + 1] === "{" && !SUBSTITUTION.test(text.slice(at, at + 256)))
      return [];
    if (character === "\\" && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word += character + (text[at] ?? "");
    } else if (quote !== "") {
      if (character === quote) quote = "";
      word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word += character;
    } else if (character === "<" && text[at + 1] === "<") {
      const blanks = /^\s*/.exec(text.slice(at + 2))?.[0] ?? "";
      at += 1 + blanks.length;
      word += `<<${blanks}`;
    } else if (/\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
    } else word += character;
  }
  if (quote !== "") return [];
  return word === "" ? words : [...words, word];
}

/** The start of each kind of substitution that BuildKit knows. */
const SUBSTITUTION = /^\$\{(?:[A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?$!-])(?:\}|:?[-+?]|[#%/])/;

/** The exec form interprets nothing, so it has no heredocs. Flags may precede it. */
function isExecForm(operand: string): boolean {
  return jsonStrings(operand.replace(/^(?:--\S+\s+)*/, "")) !== undefined;
}
