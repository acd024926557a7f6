/**
 * Splits words as a shell does: at blanks, but not inside quotes or after the escape character. Quotes stay in the words.
 * @param limit most words to return
 */
export function splitWords(text: string, escape: string, limit = Infinity): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (quote === "" && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      if (words.length >= limit) return words;
      continue;
    }
    word = (word ?? "") + character;
    if (character === escape && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word += text[at] ?? "";
    } else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = "";
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Removes quotes and escapes from a word. */
export function unquote(word: string, escape: string): string {
  let plain = "";
  let quote = "";
  for (let at = 0; at < word.length; at += 1) {
    const character = word[at] ?? "";
    if (character === escape && quote !== "'" && at + 1 < word.length) {
      const next = word[at + 1] ?? "";
      // Inside double quotes only these are escaped; before any other character the escape is kept.
      if (quote === "" || next === '"' || next === "$" || next === escape) {
        plain += next;
        at += 1;
      } else plain += character;
    } else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = "";
    else plain += character;
  }
  return plain;
}

/** The strings of a JSON array, the exec form of an instruction: `["a", "b"]`. Undefined for text of any other form. */
export function jsonStrings(text: string): string[] | undefined {
  if (!/^\s*\[/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a `--mount`, such as `type=secret,id=a,required`. Keys are in lower case; a field without `=` has an empty value. */
export function mountFields(mount: string, escape: string): ReadonlyMap<string, string> {
  return new Map(
    mount.split(",").map((field): [string, string] => {
      const [key = "", ...value] = unquote(field.trim(), escape).split("=");
      return [key.trim().toLowerCase(), value.join("=")];
    }),
  );
}
