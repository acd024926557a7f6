/**
 * How docker's CLI, and compose, call a plugin (docker/cli cli-plugins/manager and metadata): once for its metadata, which has to
 * come without delay; else with the whole command line, docker's own flags first, then the plugin's name.
 */
import { InvalidInput } from "../../errors.ts";
import { VERSION } from "../../version.ts";

/** The subcommand that asks for metadata. */
export const METADATA = "docker-cli-plugin-metadata";
/** What cobra's completion scripts ask with, and the answer for "nothing, and no file names" (ShellCompDirectiveNoFileComp). */
export const COMPLETION = "__complete";
export const NO_COMPLETION = ":4\n";

/** The buildx whose command line and metadata file are followed. Compose asks for 0.17 or newer by the plugin's version. */
export const BUILDX_VERSION = `v0.38.2+slipway.${VERSION}`;

export type PluginName = "slipway" | "buildx";

/** @returns JSON of cli-plugins/metadata's `Metadata`, which docker reads. */
export function metadataOf(name: PluginName): string {
  const own = { slipway: VERSION, buildx: BUILDX_VERSION };
  const what = { slipway: "Build images", buildx: "Slipway in buildx's place: build images" };
  return JSON.stringify({
    SchemaVersion: "0.1.0",
    Vendor: "slipway",
    Version: own[name],
    ShortDescription: `${what[name]} in pods of your own Kubernetes namespace`,
  });
}

/** Docker's flags before a plugin's name (docker/cli cli/flags/options.go), and whether they take a value. */
const GLOBAL_FLAGS: Readonly<Record<string, { readonly name: string; readonly takesValue: boolean }>> = {
  "--config": { name: "--config", takesValue: true },
  "--context": { name: "--context", takesValue: true },
  "-c": { name: "--context", takesValue: true },
  "--host": { name: "--host", takesValue: true },
  "-H": { name: "--host", takesValue: true },
  "--log-level": { name: "--log-level", takesValue: true },
  "-l": { name: "--log-level", takesValue: true },
  "--tlscacert": { name: "--tlscacert", takesValue: true },
  "--tlscert": { name: "--tlscert", takesValue: true },
  "--tlskey": { name: "--tlskey", takesValue: true },
  "--debug": { name: "--debug", takesValue: false },
  "-D": { name: "--debug", takesValue: false },
  "--tls": { name: "--tls", takesValue: false },
  "--tlsverify": { name: "--tlsverify", takesValue: false },
};

/** Of buildx itself, before its subcommand. */
const BUILDER_FLAG = { "--builder": { name: "--builder", takesValue: true } };

export interface PluginCall {
  /** What follows the plugin's name. */
  readonly words: readonly string[];
  /** `docker --config DIR`: where docker's configuration is. */
  readonly config?: string;
  /** `docker buildx --builder NAME …` */
  readonly builder?: string;
  /** Flags that name an engine, which there is none of here. */
  readonly engine: readonly string[];
}

/** @throws InvalidInput for a flag without its value. */
export function readCall(name: PluginName, argv: readonly string[]): PluginCall {
  const rest = [...argv];
  const given = [...takeFlags(rest, GLOBAL_FLAGS)];
  if (rest[0] === name) {
    rest.shift();
    if (name === "buildx") given.push(...takeFlags(rest, { ...BUILDER_FLAG, ...GLOBAL_FLAGS }));
  } else if (name === "buildx") given.push(...takeFlags(rest, BUILDER_FLAG));
  const last = (flag: string): string | undefined => given.findLast(([found]) => found === flag)?.[1];
  const [config, builder] = [last("--config"), last("--builder")];
  return {
    words: rest,
    ...(config === undefined ? {} : { config }),
    ...(builder === undefined ? {} : { builder }),
    engine: [...new Set(given.map(([flag]) => flag))].filter((flag) => /^--(?:context|host|tls.*)$/.test(flag)),
  };
}

function takeFlags(rest: string[], flags: typeof GLOBAL_FLAGS): [name: string, value: string][] {
  const taken: [string, string][] = [];
  for (let word = rest[0]; word !== undefined; word = rest[0]) {
    const at = word.indexOf("=");
    const short = /^-[A-Za-z]/.test(word) ? word.slice(0, 2) : undefined;
    const key = short ?? (at === -1 ? word : word.slice(0, at));
    const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
    if (flag === undefined) break;
    rest.shift();
    const attached = word === key ? undefined : word.slice(key.length).replace(/^=/, "");
    if (!flag.takesValue) taken.push([flag.name, attached ?? "true"]);
    else {
      const value = attached ?? rest.shift();
      if (value === undefined) throw new InvalidInput(`flag needs an argument: ${key}`);
      taken.push([flag.name, value]);
    }
  }
  return taken;
}

/** What of buildx there is here, by its short names too; all of it is a command of slipway's. */
const BUILDX_COMMANDS: Readonly<Record<string, string>> = { build: "build", b: "build", bake: "bake", f: "bake" };

/** The words of slipway for those of buildx. @throws InvalidInput for a command of buildx's that is not here. */
export function buildxWords({ words, builder }: PluginCall): readonly string[] {
  const [command, ...rest] = words;
  if (command === undefined || command === "help" || command.startsWith("-")) return words;
  const own = Object.hasOwn(BUILDX_COMMANDS, command) ? BUILDX_COMMANDS[command] : undefined;
  if (own !== undefined) return [own, ...(builder === undefined ? [] : [`--builder=${builder}`]), ...rest];
  throw new InvalidInput(`buildx is slipway here, which has no \`${command}\``, {
    suggestions: [
      "There are `build`, `bake` and `version`; its builders are kaniko, buildkit, buildah, img and makisu, and need no creating.",
      "`slipway uninstall-plugin compose` gives the name back to docker's buildx.",
    ],
  });
}
