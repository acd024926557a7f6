/** Which of the places a setting may come from decides it: pure. */
import type { Keys } from "./keys.ts";
import type { Settings } from "./parse-config.ts";

/** One place settings come from; the first in a list of them decides. */
export interface Layer {
  /** For a person: which file, rule or variables. */
  readonly origin: string;
  /** Whether a build says what has come from here. */
  readonly said: boolean;
  readonly settings: Settings;
}

export interface Settled {
  /** Words for the command-line parser, before those that were typed. */
  readonly words: readonly string[];
  /** For each layer that has decided something and is said to: which flags, those it has turned off included. */
  readonly decisions: readonly string[];
}

/** Flags that exclude each other: one of them, given closer by, takes those further away out. */
const DISPLACED: Readonly<Record<string, readonly string[]>> = {
  quiet: ["progress"],
  progress: ["quiet"],
  "no-cache": ["no-cache-filter"],
  "no-cache-filter": ["no-cache"],
  "registry-secret": ["service-account", "no-credentials"],
  "service-account": ["registry-secret", "no-credentials"],
  "no-credentials": ["registry-secret", "service-account"],
  "git-in-cluster": ["transport"],
  transport: ["git-in-cluster"],
  // An image is one builder's.
  builder: ["builder-image"],
};

/**
 * A flag is decided as a whole: values of a repeatable one are not collected from several places.
 * @param given flags on the command line
 */
export function settle(keys: Keys, given: ReadonlySet<string>, layers: readonly Layer[]): Settled {
  const decided = new Set(given);
  const out = new Set([...given].flatMap((name) => DISPLACED[name] ?? []));
  const words: string[] = [];
  const decisions: string[] = [];
  for (const { origin, said, settings } of layers) {
    const here = [...settings].filter(([name]) => Object.hasOwn(keys, name) && !decided.has(name) && !out.has(name));
    for (const [name, values] of here) {
      decided.add(name);
      if (keys[name]?.arity !== "nothing") words.push(...values.map((value) => `--${name}=${value}`));
      else if (values[0] === "true") words.push(`--${name}`);
    }
    // Only now: what a place says itself is for the command to judge.
    for (const [name, [value]] of here)
      if (value !== "false") for (const other of DISPLACED[name] ?? []) out.add(other);
    if (said && here.length > 0) decisions.push(`${origin}: ${here.map(([name]) => name).join(", ")}`);
  }
  return { words, decisions };
}
