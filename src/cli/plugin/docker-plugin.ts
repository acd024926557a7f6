/**
 * The protocol by which docker's CLI and compose call a plugin (docker/cli cli-plugins/manager and metadata). One call asks for the
 * metadata, and its answer must be fast. Other calls have the whole command line: docker's own flags, the plugin's name, its args.
 */
import { InvalidInput } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** The subcommand that asks for metadata. */
export const METADATA = "docker-cli-plugin-metadata";
/** The subcommands of cobra's completion scripts, the second one without descriptions, and the answer for "no completions, no file names" (ShellCompDirectiveNoFileComp). */
const COMPLETIONS: ReadonlySet<string | undefined> = new Set(["__complete", "__completeNoDesc"]);
export const NO_COMPLETION = ":4\n";

/** The version of buildx that slipway is compatible with. Compose requires 0.17 or newer, by the plugin's version. */
export const BUILDX_VERSION = `v0.38.2+slipway.${VERSION}`;

export type PluginName = "slipway" | "buildx";

/** @returns JSON of cli-plugins/metadata's `Metadata`, which docker reads. */
export function metadataOf(name: PluginName): string {
  const own = { slipway: VERSION, buildx: BUILDX_VERSION };
  const what = { slipway: "Build images", buildx: "Slipway instead of buildx: build images" };
  return JSON.stringify({
    SchemaVersion: "0.1.0",
    Vendor: "slipway",
    Version: own[name],
    ShortDescription: `${what[name]} in pods of your own Kubernetes namespace`,
  });
}

/** Docker's flags before a plugin's name (docker/cli cli/flags/options.go). */
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

/** Flags of buildx before its subcommand. */
const BUILDER_FLAG = { "--builder": { name: "--builder", takesValue: true } };

export interface PluginCall {
  /** The args after the plugin's name. */
  readonly args: readonly string[];
  /** `docker --config DIR`: the directory of docker's configuration. */
  readonly config?: string;
  /** `docker buildx --builder NAME …` */
  readonly builder?: string;
  /** Flags that select an engine, which slipway does not have. */
  readonly engine: readonly string[];
}

/** @throws InvalidInput for a flag without its value */
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
    args: rest,
    ...omitUndefined({ config, builder }),
    engine: [...new Set(given.map(([flag]) => flag))].filter((flag) => /^--(?:context|host|tls.*)$/.test(flag)),
  };
}

function takeFlags(rest: string[], flags: typeof GLOBAL_FLAGS): [name: string, value: string][] {
  const taken: [string, string][] = [];
  for (let arg = rest[0]; arg !== undefined; arg = rest[0]) {
    const at = arg.indexOf("=");
    const short = /^-[A-Za-z]/.test(arg) ? arg.slice(0, 2) : undefined;
    const key = short ?? (at === -1 ? arg : arg.slice(0, at));
    const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
    if (flag === undefined) break;
    rest.shift();
    const attached = arg === key ? undefined : arg.slice(key.length).replace(/^=/, "");
    if (!flag.takesValue) taken.push([flag.name, attached ?? "true"]);
    else {
      const value = attached ?? rest.shift();
      if (value === undefined) throw new InvalidInput(`flag needs an argument: ${key}`);
      taken.push([flag.name, value]);
    }
  }
  return taken;
}

/** The commands of buildx that slipway has, also by their short names, each with slipway's command. */
const BUILDX_COMMANDS: Readonly<Record<string, string>> = {
  build: "build",
  b: "build",
  bake: "bake",
  f: "bake",
  imagetools: "imagetools",
};

/** Translates args of buildx to args of slipway. @throws InvalidInput for a command of buildx that slipway does not have */
export function buildxArgs({ args, builder }: PluginCall): readonly string[] {
  const [command, ...rest] = args;
  if (command === undefined || command === "help" || command.startsWith("-")) return args;
  const own = Object.hasOwn(BUILDX_COMMANDS, command) ? BUILDX_COMMANDS[command] : undefined;
  // Its own commands have the flag, if they are given it after their names.
  if (own === "imagetools") return [own, ...rest];
  if (own !== undefined) return [own, ...(builder === undefined ? [] : [`--builder=${builder}`]), ...rest];
  throw new InvalidInput(`slipway replaces buildx here, and has no command \`${command}\``, {
    suggestions: [
      "Use `build`, `bake`, `imagetools` or `version`. The builders kaniko, buildkit, buildah, img and makisu exist without `create`.",
      "To use docker's own buildx again: run `slipway uninstall-plugin compose`.",
    ],
  });
}

/** Commands of buildx that are completed here. */
const BUILDX_NAMES = ["bake", "build", "version"];

/**
 * The args for slipway's own completion, if docker asks for it: its words begin with the plugin's name and end with the word at the cursor.
 * @returns undefined for another call; a text if the answer is known already
 * @throws InvalidInput for a flag without its value
 */
export function completionArgs(name: PluginName, argv: readonly string[]): readonly string[] | string | undefined {
  const [subcommand, ...words] = argv;
  if (subcommand === undefined || !COMPLETIONS.has(subcommand)) return undefined;
  const call = readCall(name, words);
  const [first = "", ...rest] = call.args;
  if (name === "slipway") return [subcommand, first, ...rest];
  if (rest.length === 0) return [...BUILDX_NAMES.filter((one) => one.startsWith(first)), NO_COMPLETION].join("\n");
  const own = Object.hasOwn(BUILDX_COMMANDS, first) ? BUILDX_COMMANDS[first] : undefined;
  return own === undefined ? NO_COMPLETION : [subcommand, own, ...rest];
}
