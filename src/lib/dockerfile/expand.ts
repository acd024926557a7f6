/** Variables in a word of a Dockerfile: `$A`, `${A}`, `${A:-word}`, `${A:+word}`, and the forms without the colon. */

/** The value of a variable, undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/** Most levels of `${A:-${B:-…}}`. A bound, so that a hostile file cannot exhaust the stack. */
const MAX_DEPTH = 32;

/**
 * Expands the variables of a word and removes its quotes.
 * @returns undefined if a variable has no value, or for a form this code does not know: only the builder can tell
 */
export function expandWord(word: string, lookup: Lookup, escape: string): string | undefined {
  return new Expansion(word, lookup, escape).run();
}

class Expansion {
  #at = 0;
  readonly #word: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  readonly #depth: number;

  constructor(word: string, lookup: Lookup, escape: string, depth = 0) {
    this.#word = word;
    this.#lookup = lookup;
    this.#escape = escape;
    this.#depth = depth;
  }

  run(): string | undefined {
    let text = "";
    let quote = "";
    while (this.#at < this.#word.length) {
      const character = this.#word[this.#at] ?? "";
      const next = this.#word[this.#at + 1];
      this.#at += 1;
      if (character === this.#escape && quote !== "'" && next !== undefined) {
        if (quote === "" || next === '"' || next === "$" || next === this.#escape) {
          text += next;
          this.#at += 1;
        } else text += character;
      } else if (quote === "" && (character === '"' || character === "'")) quote = character;
      else if (character === quote) quote = "";
      else if (character === "$" && quote !== "'") {
        const value = this.#variable();
        if (value === undefined) return undefined;
        text += value;
      } else text += character;
    }
    return text;
  }

  /** Reads the variable after a dollar sign. */
  #variable(): string | undefined {
    const plain = /^[A-Za-z_][A-Za-z0-9_]*|^[0-9@*#?$!-]/.exec(this.#word.slice(this.#at, this.#at + 256))?.[0];
    if (plain !== undefined) {
      this.#at += plain.length;
      return this.#lookup(plain);
    }
    if (this.#word[this.#at] !== "{") return "$";
    const end = this.#closing(this.#at);
    if (end === undefined || this.#depth >= MAX_DEPTH) return undefined;
    const inside = this.#word.slice(this.#at + 1, end);
    this.#at = end + 1;
    const [, name, operator, rest = ""] = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])(.*))?$/s.exec(inside) ?? [];
    if (name === undefined) return undefined;
    const value = this.#lookup(name);
    const counts = value !== undefined && !(operator?.startsWith(":") === true && value === "");
    const word = () => new Expansion(rest, this.#lookup, this.#escape, this.#depth + 1).run();
    if (operator?.endsWith("-")) return counts ? value : word();
    if (operator?.endsWith("+")) return counts ? word() : "";
    // `${A:?text}` fails the build; the builder reports that.
    return counts || operator === undefined ? value : undefined;
  }

  /** Index of the brace that closes the one at `from`. */
  #closing(from: number): number | undefined {
    let depth = 0;
    for (let at = from; at < this.#word.length; at += 1) {
      const character = this.#word[at];
      if (character === this.#escape) at += 1;
      else if (character === "{") depth += 1;
      else if (character === "}") {
        depth -= 1;
        if (depth === 0) return at;
      }
    }
    return undefined;
  }
}
