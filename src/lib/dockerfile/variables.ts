/** The variables of one stage. A value is known only if every builder gives the same one. */
import { expandWord, type Lookup } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { splitWords, unquote } from "./words.ts";

/** Thrown for a word with a variable whose value is not known before the build. */
export class UnknownVariable extends Error {}

/** The environment that a stage passes to a stage that starts from it. */
export interface Environment {
  /** Names and values of ENV; undefined if a value is not known. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Names that have a value with some builders only. */
  readonly doubtful: ReadonlySet<string>;
}

/** ARG names that a builder sets to its platform: one word, or words separated by slashes. */
const PLATFORM = /^(?:TARGET|BUILD)(?:OS|ARCH|VARIANT)$/;
const WHOLE_PLATFORM = /^(?:TARGET|BUILD)PLATFORM$/;

export class Variables {
  readonly #escape: string;
  readonly #globals: Lookup;
  readonly #buildArgs: ReadonlyMap<string, string>;
  readonly #env = new Map<string, string | undefined>();
  readonly #args = new Map<string, string | undefined>();
  readonly #doubtful = new Set<string>();

  constructor(escape: string, globals: Lookup, buildArgs: ReadonlyMap<string, string>) {
    this.#escape = escape;
    this.#globals = globals;
    this.#buildArgs = buildArgs;
  }

  inherit({ values, doubtful }: Environment): void {
    for (const [name, value] of values) this.#env.set(name, value);
    for (const name of doubtful) this.#doubtful.add(name);
  }

  environment(): Environment {
    // Builders differ in whether a stage that starts from this one still sees its ARG.
    return { values: new Map(this.#env), doubtful: new Set([...this.#doubtful, ...this.#args.keys()]) };
  }

  /** Records the variables that ARG and ENV set. */
  observe(instruction: Instruction): void {
    if (instruction.keyword === "ARG") this.#declare(instruction.operand);
    if (instruction.keyword === "ENV") this.#set(instruction.operand);
  }

  /**
   * Replaces the variables of a word; `*` or `**` stands for the name of a platform.
   * @throws UnknownVariable
   */
  expand(word: string): string {
    const value = this.#expand(word);
    if (value === undefined) throw new UnknownVariable(word);
    return value;
  }

  #expand(word: string): string | undefined {
    let unknown = false;
    const text = expandWord(
      word,
      (name) => {
        const value = this.#value(name);
        // An unset variable is not known either: a base image or the builder may set it.
        unknown ||= value === undefined;
        return value;
      },
      this.#escape,
    );
    return unknown ? undefined : text;
  }

  #value(name: string): string | undefined {
    if (this.#doubtful.has(name)) return undefined;
    const env = this.#env.get(name);
    const arg = this.#args.get(name);
    // ENV overrides ARG, but not with every builder.
    if (this.#env.has(name) && this.#args.has(name)) return env === arg ? env : undefined;
    return this.#env.has(name) ? env : arg;
  }

  #declare(operand: string): void {
    for (const word of splitWords(operand, this.#escape)) {
      const equals = word.indexOf("=");
      const name = unquote(equals < 0 ? word : word.slice(0, equals), this.#escape);
      const fallback = equals < 0 ? this.#globals(name) : this.#expand(word.slice(equals + 1));
      this.#args.set(name, this.#buildArgs.get(name) ?? platformValue(name, fallback) ?? fallback);
    }
  }

  #set(operand: string): void {
    const words = splitWords(operand, this.#escape);
    // The legacy form: `ENV NAME the rest of the line`.
    if (words[0]?.includes("=") !== true) {
      this.#env.set(unquote(words[0] ?? "", this.#escape), undefined);
      return;
    }
    // All pairs of one instruction see the values from before it.
    const set = words.map((word): [string, string | undefined] => {
      const equals = word.indexOf("=");
      return [unquote(word.slice(0, equals), this.#escape), this.#expand(word.slice(equals + 1))];
    });
    for (const [name, value] of set) this.#env.set(name, value);
  }
}

function platformValue(name: string, fallback: string | undefined): string | undefined {
  if (WHOLE_PLATFORM.test(name)) return "**";
  return PLATFORM.test(name) && fallback?.includes("/") !== true ? "*" : undefined;
}
