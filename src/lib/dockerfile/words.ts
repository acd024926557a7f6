/** Words as a shell splits them: blanks separate, quotes and the escape character keep together. Quotes stay in the words. With a limit, only the first ones. */
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

/** A word without its quotes and escapes. */
export function unquote(word: string, escape: string): string {
  let plain = "";
  let quote = "";
  for (let at = 0; at < word.length; at += 1) {
    const character = word[at] ?? "";
    if (character === escape && quote !== "'" && at + 1 < word.length) {
      const next = word[at + 1] ?? "";
      // Within double quotes only these lose their meaning; before any other the escape stays what it is.
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
