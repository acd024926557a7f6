/**
 * The command line as docker's parser (github.com/spf13/pflag) takes it apart, put into a form that no parser can misread:
 * `--name=value` each, then `--` and the rest. It differs from most: `--pull=false` is a value, `-tNAME` and `-qt NAME` are
 * short for two words, and a value may begin with a dash.
 */
import { InvalidInput } from "../../errors.ts";
import { nearest } from "../text/suggest.ts";
import { parseBool } from "./parse-bool.ts";

export interface FlagSyntax {
  readonly takesValue: boolean;
  readonly char?: string | undefined;
  /** Given twice, both count; of the others the last one does. */
  readonly multiple?: boolean | undefined;
  /** What it means when it is given without a value (pflag's NoOptDefVal): a value needs `=` then. */
  readonly withoutValue?: string | undefined;
}

/**
 * @param flags every flag the command has, by its long name
 * @param command its name, for the hint on its help
 * @returns words in which booleans that are off do not occur
 * @throws InvalidInput in pflag's words
 */
export function canonicalArguments(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagSyntax>>,
  command = "build",
): string[] {
  return readArguments(argv, flags, command).words;
}

/**
 * @returns the words as `canonicalArguments` has them, the flags that are given at all, those that are off included, and what is no flag
 * @throws InvalidInput in pflag's words
 */
export function readArguments(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagSyntax>>,
  command = "build",
): ReadWords {
  return new ArgumentReader(argv, flags, command).read();
}

export interface ReadWords {
  readonly words: string[];
  readonly given: ReadonlySet<string>;
  readonly rest: readonly string[];
}

class ArgumentReader {
  readonly #words: string[];
  readonly #flags: Readonly<Record<string, FlagSyntax>>;
  readonly #named: string[] = [];
  readonly #given = new Set<string>();
  readonly #on = new Map<string, boolean>();
  readonly #rest: string[] = [];
  readonly #help: { readonly suggestions: readonly string[] };

  constructor(argv: readonly string[], flags: Readonly<Record<string, FlagSyntax>>, command: string) {
    this.#words = [...argv];
    this.#flags = flags;
    this.#help = { suggestions: [`Run \`slipway ${command} --help\` to list its flags.`] };
  }

  read(): ReadWords {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word === "--") this.#rest.push(...this.#words.splice(0));
      else if (word.startsWith("--")) this.#long(word.slice(2));
      else if (word.startsWith("-") && word !== "-") this.#short(word.slice(1), word);
      else this.#rest.push(word);
    }
    const on = [...this.#on].flatMap(([name, value]) => (value ? [`--${name}`] : []));
    const given = new Set([...this.#given, ...this.#on.keys()]);
    return { words: [...on, ...this.#named, "--", ...this.#rest], given, rest: this.#rest };
  }

  #long(text: string): void {
    const at = text.indexOf("=");
    const name = at === -1 ? text : text.slice(0, at);
    const flag = Object.hasOwn(this.#flags, name) ? this.#flags[name] : undefined;
    if (name === "" || name.startsWith("-")) throw new InvalidInput(`bad flag syntax: --${text}`, this.#help);
    if (flag === undefined) throw this.#unknown(name);
    if (at !== -1) this.#set(name, flag, text.slice(at + 1));
    else if (!flag.takesValue) this.#on.set(name, true);
    else if (flag.withoutValue !== undefined) this.#set(name, flag, flag.withoutValue);
    else this.#set(name, flag, this.#next(`--${name}`));
  }

  /** One dash: letters without a value, then at most one with a value, which may follow at once or after `=`. */
  #short(letters: string, word: string): void {
    const letter = letters.slice(0, 1);
    const name = Object.keys(this.#flags).find((key) => this.#flags[key]?.char === letter);
    const flag = name === undefined ? undefined : this.#flags[name];
    if (name === undefined || flag === undefined)
      throw new InvalidInput(`unknown shorthand flag: '${letter}' in ${word}`, this.#help);
    const rest = letters.slice(1);
    if (rest.startsWith("=") && rest.length > 1) this.#set(name, flag, rest.slice(1));
    else if (flag.takesValue) this.#set(name, flag, rest === "" ? this.#next(`'${letter}' in ${word}`) : rest);
    else {
      this.#on.set(name, true);
      if (rest !== "") this.#short(rest, word);
    }
  }

  /** The error for an unknown flag, with the flag that differs in about one letter of three. */
  #unknown(name: string): InvalidInput {
    const meant = nearest(name, Object.keys(this.#flags), () => Math.max(1, Math.floor((name.length + 1) / 3)));
    const suggestions = [...(meant === undefined ? [] : [`Did you mean --${meant}?`]), ...this.#help.suggestions];
    return new InvalidInput(`unknown flag: --${name}`, { suggestions });
  }

  #next(flag: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw new InvalidInput(`flag needs an argument: ${flag}`, this.#help);
    return word;
  }

  #set(name: string, flag: FlagSyntax, value: string): void {
    if (flag.takesValue) {
      this.#given.add(name);
      const earlier = flag.multiple === true ? -1 : this.#named.findIndex((word) => word.startsWith(`--${name}=`));
      if (earlier !== -1) this.#named.splice(earlier, 1);
      this.#named.push(`--${name}=${value}`);
      return;
    }
    const on = parseBool(value);
    if (on === undefined) {
      throw new InvalidInput(
        `invalid argument ${JSON.stringify(value)} for "--${name}" flag: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
        { suggestions: [`Write --${name}, --${name}=true or --${name}=false.`] },
      );
    }
    this.#on.set(name, on);
  }
}
