/** The places settings come from, in the order in which they decide. */
import { dirname, relative } from "node:path";
import { dockerSettings } from "./docker-variables.ts";
import { ownVariables } from "./environment.ts";
import type { Configurations } from "./find-config.ts";
import type { Keys } from "./keys.ts";
import type { Configuration } from "./parse-config.ts";
import type { Layer } from "./settle.ts";

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
