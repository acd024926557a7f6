/** The variables of one stage, as far as every builder gives them the same value. */
import { expandWord, type Lookup } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { splitWords, unquote } from "./words.ts";

/** A word with a variable whose value is not known here. */
export class Unknown extends Error {}

/** What a stage hands on to one that starts from it. */
export interface Environment {
  /** ENV: names and values, undefined where it is not known. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Names that may have a value or not. */
  readonly doubtful: ReadonlySet<string>;
}

/** What a builder says of its platforms when an ARG asks for it: any word, or several with slashes between them. */
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
    // Builders differ in whether an ARG is still there in a stage that starts from this one.
    return { values: new Map(this.#env), doubtful: new Set([...this.#doubtful, ...this.#args.keys()]) };
  }

  /** Takes notice of what ARG and ENV set. */
  observe(instruction: Instruction): void {
    if (instruction.keyword === "ARG") this.#declare(instruction.operand);
    if (instruction.keyword === "ENV") this.#set(instruction.operand);
  }

  /**
   * A word with its variables replaced; `*` or `**` stands for a platform's name.
   * @throws Unknown
   */
  expand(word: string): string {
    const value = this.#expand(word);
    if (value === undefined) throw new Unknown(word);
    return value;
  }

  #expand(word: string): string | undefined {
    let unknown = false;
    const text = expandWord(
      word,
      (name) => {
        const value = this.#value(name);
        // Not set is not known either: a base image or the builder may set it.
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
    // ENV wins over ARG, but not with every builder.
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
    // `ENV NAME the rest`, of old.
    if (words[0]?.includes("=") !== true) {
      this.#env.set(unquote(words[0] ?? "", this.#escape), undefined);
      return;
    }
    // All of one instruction see what was before it.
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
