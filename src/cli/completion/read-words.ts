/** Reads a command line that is not finished: which command it calls, what is already on it, and what the word at the cursor will be. */

/** What completion needs to know of a flag; oclif's manifest has it. */
export interface KnownFlag {
  readonly name: string;
  readonly char?: string | undefined;
  readonly takesValue: boolean;
  readonly repeatable: boolean;
  /** It may stand without a value, and then takes one only after `=`. */
  readonly withoutValue: boolean;
}

export interface ReadWords {
  /** The values of each flag so far, by its long name; an empty list for a flag without a value. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly positional: readonly string[];
  /** The word at the cursor is the value of this flag. */
  readonly flag?: KnownFlag;
  /** The word at the cursor so far. After `--flag=` only what follows. */
  readonly typed: string;
  /** The word at the cursor cannot be a flag: `--` stands before it. */
  readonly noFlags: boolean;
}

/**
 * Never throws: what cannot be read is skipped, as the user may still correct it.
 * @param words all words after the command, the last one being the word at the cursor, which may be empty
 */
export function readWords(words: readonly string[], flags: readonly KnownFlag[]): ReadWords {
  const given = new Map<string, readonly string[]>();
  const positional: string[] = [];
  const add = (name: string, ...values: readonly string[]): void => {
    given.set(name, [...(given.get(name) ?? []), ...values]);
  };
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? "";
  let pending: KnownFlag | undefined;
  let noFlags = false;
  for (const word of before) {
    if (pending !== undefined) {
      add(pending.name, word);
      pending = undefined;
    } else if (noFlags || word === "-" || !word.startsWith("-")) positional.push(word);
    else if (word === "--") noFlags = true;
    else {
      const found = readFlags(word, flags);
      for (const { flag, value } of found) {
        if (value !== undefined) add(flag.name, value);
        else if (!flag.takesValue || flag.withoutValue) add(flag.name);
        else pending = flag;
      }
    }
  }
  const read = { given, positional, noFlags };
  if (pending !== undefined) return { ...read, flag: pending, typed };
  const equals = typed.indexOf("=");
  if (!noFlags && typed.startsWith("-") && equals !== -1) {
    const flag = readFlags(typed, flags).at(-1)?.flag;
    if (flag?.takesValue === true) return { ...read, flag, typed: typed.slice(equals + 1) };
  }
  return { ...read, typed };
}

/** Reads `--name`, `--name=value`, and one or more short flags, of which the last may have its value in the same word. */
function readFlags(
  word: string,
  flags: readonly KnownFlag[],
): readonly { readonly flag: KnownFlag; readonly value?: string }[] {
  const equals = word.indexOf("=");
  if (word.startsWith("--")) {
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const flag = flags.find((known) => known.name === name);
    if (flag === undefined) return [];
    return [equals === -1 ? { flag } : { flag, value: word.slice(equals + 1) }];
  }
  const found: { readonly flag: KnownFlag; readonly value?: string }[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const flag = flags.find(({ char }) => char === word[at]);
    const rest = word.slice(at + 1);
    if (flag === undefined) break;
    if (flag.takesValue && rest !== "") return [...found, { flag, value: rest.replace(/^=/, "") }];
    found.push({ flag });
  }
  return found;
}
