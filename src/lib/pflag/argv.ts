/**
 * Parses a command line as docker's parser does (github.com/spf13/pflag), and writes it in an unambiguous form: each flag as
 * `--name=value`, then `--` and the rest. pflag differs from most parsers: `--pull=false` is a value, `-tNAME` and `-qt NAME` are
 * short forms, and a value may begin with a dash.
 */
import { InvalidInput } from "../../errors.ts";
import { aThirdOf, nearest } from "../text/suggest.ts";
import { parseBool } from "./parse-bool.ts";

export interface FlagSyntax {
  readonly takesValue: boolean;
  readonly char?: string | undefined;
  /** Every value counts. Of other flags only the last value does. */
  readonly multiple?: boolean | undefined;
  /** The value of the flag without a value (pflag's NoOptDefVal). A value then needs `=`. */
  readonly withoutValue?: string | undefined;
}

/**
 * @param flags all flags of the command, by long name
 * @param command name of the command, for the hint about its help
 * @returns args without the booleans that are off, or with `--no-NAME` where there is such a flag
 * @throws InvalidInput with pflag's message
 */
export function canonicalArguments(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagSyntax>>,
  command = "build",
): string[] {
  return readArguments(argv, flags, command).args;
}

/**
 * @returns the args as from `canonicalArguments`, the names of all given flags (those that are off included), and the positional args
 * @throws InvalidInput with pflag's message
 */
export function readArguments(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagSyntax>>,
  command = "build",
): ParsedArgs {
  return new ArgumentReader(argv, flags, command).read();
}

export interface ParsedArgs {
  readonly args: string[];
  readonly given: ReadonlySet<string>;
  readonly rest: readonly string[];
}

class ArgumentReader {
  readonly #args: string[];
  readonly #flags: Readonly<Record<string, FlagSyntax>>;
  readonly #named: string[] = [];
  readonly #given = new Set<string>();
  readonly #on = new Map<string, boolean>();
  readonly #rest: string[] = [];
  readonly #help: { readonly suggestions: readonly string[] };

  constructor(argv: readonly string[], flags: Readonly<Record<string, FlagSyntax>>, command: string) {
    this.#args = [...argv];
    this.#flags = flags;
    this.#help = { suggestions: [`Run \`slipway ${command} --help\` to list its flags.`] };
  }

  read(): ParsedArgs {
    for (let arg = this.#args.shift(); arg !== undefined; arg = this.#args.shift()) {
      if (arg === "--") this.#rest.push(...this.#args.splice(0));
      else if (arg.startsWith("--")) this.#long(arg.slice(2));
      else if (arg.startsWith("-") && arg !== "-") this.#short(arg.slice(1), arg);
      else this.#rest.push(arg);
    }
    const on = [...this.#on].flatMap(([name, value]) => (value ? [`--${name}`] : this.#negation(name)));
    const given = new Set([...this.#given, ...this.#on.keys()]);
    return { args: [...on, ...this.#named, "--", ...this.#rest], given, rest: this.#rest };
  }

  /** A flag that is on by default has one of its own that turns it off. */
  #negation(name: string): string[] {
    return Object.hasOwn(this.#flags, `no-${name}`) ? [`--no-${name}`] : [];
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

  /** One dash: letters without a value, then at most one with a value, which may follow directly or after `=`. */
  #short(letters: string, arg: string): void {
    const letter = letters.slice(0, 1);
    const name = Object.keys(this.#flags).find((key) => this.#flags[key]?.char === letter);
    const flag = name === undefined ? undefined : this.#flags[name];
    if (name === undefined || flag === undefined)
      throw new InvalidInput(`unknown shorthand flag: '${letter}' in ${arg}`, this.#help);
    const rest = letters.slice(1);
    if (rest.startsWith("=") && rest.length > 1) this.#set(name, flag, rest.slice(1));
    else if (flag.takesValue) this.#set(name, flag, rest === "" ? this.#next(`'${letter}' in ${arg}`) : rest);
    else {
      this.#on.set(name, true);
      if (rest !== "") this.#short(rest, arg);
    }
  }

  /** The error for an unknown flag. It suggests a flag that differs in at most about one letter of three. */
  #unknown(name: string): InvalidInput {
    const meant = nearest(name, Object.keys(this.#flags), () => Math.max(1, aThirdOf(name)));
    const suggestions = [...(meant === undefined ? [] : [`Did you mean --${meant}?`]), ...this.#help.suggestions];
    return new InvalidInput(`unknown flag: --${name}`, { suggestions });
  }

  #next(flag: string): string {
    const arg = this.#args.shift();
    if (arg === undefined) throw new InvalidInput(`flag needs an argument: ${flag}`, this.#help);
    return arg;
  }

  #set(name: string, flag: FlagSyntax, value: string): void {
    if (flag.takesValue) {
      this.#given.add(name);
      const earlier = flag.multiple === true ? -1 : this.#named.findIndex((arg) => arg.startsWith(`--${name}=`));
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
