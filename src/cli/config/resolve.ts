/** The places settings come from, in the order in which they decide. */
import { dirname, relative } from "node:path";
import { dockerSettings } from "./docker-variables.ts";
import { ownVariables } from "./environment.ts";
import type { Configurations } from "./find-config.ts";
import type { Keys } from "./keys.ts";
import type { Configuration, Settings } from "./parse-config.ts";

export interface Places {
  readonly configurations: Configurations;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Absolute path of the Dockerfile, which rules go by; undefined where it is no file of this disk. */
  readonly dockerfile: string | undefined;
}

/** The environment; docker's variables; the project's rules, the last first; the project's keys; the user's. */
export async function layersOf({ configurations, env, cwd, dockerfile }: Places, keys: Keys): Promise<Layer[]> {
  const { project, user } = configurations;
  const files = [project, user].flatMap((file) =>
    file === undefined
      ? []
      : [{ origin: `settings of ${nearer(file.path, cwd)}`, said: true, settings: file.settings }],
  );
  return [
    { origin: "the environment", said: false, settings: ownVariables(env, keys) },
    { origin: "docker's variables", said: false, settings: dockerSettings(env) },
    ...(project === undefined || dockerfile === undefined ? [] : await rulesFor(project, dockerfile, cwd)),
    ...files,
  ];
}

/** As in .gitattributes: every rule that matches counts, and of two that say the same the later one. */
async function rulesFor({ path, rules }: Configuration, dockerfile: string, cwd: string): Promise<Layer[]> {
  if (rules.length === 0) return [];
  const way = relative(dirname(path), dockerfile);
  if (way === "" || way === ".." || way.startsWith("../")) return [];
  const { default: ignore } = await import("ignore");
  return rules
    .filter(({ match }) => ignore().add(match).ignores(way))
    .map(({ match, line, settings }) => ({
      origin: `rule ${match.join(", ")} of ${nearer(path, cwd)}:${line}`,
      said: true,
      settings,
    }))
    .toReversed();
}

/** A path as it is shorter to read. */
function nearer(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return way.length < path.length ? way : path;
}

// Which of the places a setting may come from decides it: pure.

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
