/** The sources that settings come from, and which of them decides each flag. The command line precedes all of them. */
import { dirname, relative } from "node:path";
import { dockerSettings } from "./docker-variables.ts";
import { ownVariables } from "./environment.ts";
import type { Configurations } from "./find-config.ts";
import type { Keys } from "./keys.ts";
import type { Configuration, Settings } from "./parse-config.ts";
import { pathBelow } from "../../lib/files/path-below.ts";

export const ENVIRONMENT = "the environment";
export const DOCKERS_VARIABLES = "docker's variables";

/** One source of settings. In a list of sources, an earlier one takes precedence. */
export interface SettingsSource {
  /** For a person: the file, the rule or the kind of variables. */
  readonly origin: string;
  /** Whether a build reports what this source has decided. */
  readonly reported: boolean;
  readonly settings: Settings;
}

export interface SourceInputs {
  readonly configurations: Configurations;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Absolute path of the Dockerfile, which rules match; undefined if it is not a file of this machine. */
  readonly dockerfile: string | undefined;
}

/** In their order: the environment; docker's variables; the project's rules, the last rule first; the project's keys; the user's file. */
export async function sourcesOf(
  { configurations, env, cwd, dockerfile }: SourceInputs,
  keys: Keys,
): Promise<SettingsSource[]> {
  const { project, user } = configurations;
  const files = [project, user].flatMap((file) =>
    file === undefined
      ? []
      : [{ origin: `settings of ${shorterPath(file.path, cwd)}`, reported: true, settings: file.settings }],
  );
  return [
    { origin: ENVIRONMENT, reported: false, settings: ownVariables(env, keys) },
    { origin: DOCKERS_VARIABLES, reported: false, settings: dockerSettings(env) },
    ...(project === undefined || dockerfile === undefined ? [] : await matchingRules(project, dockerfile, cwd)),
    ...files,
  ];
}

/** Returns all rules that match, like .gitattributes. A later rule takes precedence over an earlier one. */
async function matchingRules(
  { path, rules }: Configuration,
  dockerfile: string,
  cwd: string,
): Promise<SettingsSource[]> {
  if (rules.length === 0) return [];
  const below = pathBelow(dirname(path), dockerfile);
  if (below === undefined || below === "") return [];
  const { matchesPath } = await import("./match-path.ts");
  return rules
    .filter(({ match }) => matchesPath(match, below))
    .map(({ match, line, settings }) => ({
      origin: `rule ${match.join(", ")} of ${shorterPath(path, cwd)}:${line}`,
      reported: true,
      settings,
    }))
    .toReversed();
}

/** The path, or the path from the working directory if that is shorter. */
function shorterPath(path: string, cwd: string): string {
  const fromCwd = relative(cwd, path);
  return fromCwd.length < path.length ? fromCwd : path;
}

export interface ResolvedSettings {
  /** Args for the command-line parser, which precede the typed ones. */
  readonly args: readonly string[];
  /** For each reported source that decided something: the names of its flags, including those that it turned off. */
  readonly decisions: readonly string[];
  /** For each flag that a source decided: the origin of that source. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Flags that exclude each other: a flag drops the flags listed here from sources of lower precedence. */
const EXCLUDES: Readonly<Record<string, readonly string[]>> = {
  quiet: ["progress"],
  progress: ["quiet"],
  "no-cache": ["no-cache-filter"],
  "no-cache-filter": ["no-cache"],
  "registry-secret": ["service-account", "no-credentials"],
  "service-account": ["registry-secret", "no-credentials"],
  "no-credentials": ["registry-secret", "service-account"],
  "git-in-cluster": ["transport"],
  transport: ["git-in-cluster"],
  // A setting loads what has no other result, as docker's `default-load` does.
  push: ["load"],
  output: ["load"],
  detach: ["load"],
  // An image belongs to one builder.
  builder: ["builder-image"],
};

/**
 * Resolves each flag from the first source that has it. The values of a repeatable flag are not collected from several sources. Pure.
 * @param given flags on the command line
 */
export function resolveSettings(
  keys: Keys,
  given: ReadonlySet<string>,
  sources: readonly SettingsSource[],
): ResolvedSettings {
  const decided = new Set(given);
  const excluded = new Set([...given].flatMap((name) => EXCLUDES[name] ?? []));
  const args: string[] = [];
  const decisions: string[] = [];
  const origins = new Map<string, string>();
  for (const { origin, reported, settings } of sources) {
    const taken = [...settings].filter(
      ([name]) => Object.hasOwn(keys, name) && !decided.has(name) && !excluded.has(name),
    );
    for (const [name, values] of taken) {
      decided.add(name);
      origins.set(name, origin);
      if (keys[name]?.arity !== "nothing") args.push(...values.map((value) => `--${name}=${value}`));
      else if (values[0] === "true") args.push(`--${name}`);
    }
    // After the loop: flags of one source do not exclude each other here, the command judges them.
    for (const [name, [value]] of taken)
      if (value !== "false") for (const other of EXCLUDES[name] ?? []) excluded.add(other);
    if (reported && taken.length > 0) decisions.push(`${origin}: ${taken.map(([name]) => name).join(", ")}`);
  }
  return { args, decisions, origins };
}
