/** The settings of a build and their origins, for `slipway config`. */
import { shownSetting } from "../../plan/hidden-values.ts";
import { DOCKER_VARIABLES } from "../config/docker-variables.ts";
import { variableOf } from "../config/environment.ts";
import type { Configurations } from "../config/find-config.ts";
import { OWN_KEYS } from "../config/keys.ts";
import { DOCKERS_VARIABLES, ENVIRONMENT } from "../config/resolve.ts";
import { BUILDER_NAMES } from "../../plan/builder-names.ts";
import { tableText } from "../../lib/text/table.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting {
  readonly name: string;
  readonly values: readonly string[];
  /** `command line`, a variable, a file or `default`. */
  readonly from: string;
}

export interface SettingInputs {
  /** The parsed flags. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Names of the flags that have their default. */
  readonly defaults: ReadonlySet<string>;
  readonly origins: ReadonlyMap<string, string>;
  readonly configurations: Configurations;
  readonly env: Environment;
  /** The builder that builds, or that is tried first. */
  readonly builder: string;
  /** The variable that names its image. */
  readonly imageVariable?: string;
  /** Its image where none is named. */
  readonly defaultImage?: string | undefined;
}

/** Sorted by name. A flag without a value is left out. */
export function settingsOf(inputs: SettingInputs): Setting[] {
  const { flags, defaults, origins, configurations, env } = inputs;
  const ofFlags = Object.entries(flags).flatMap(([name, value]): Setting[] => {
    const values = Array.isArray(value) ? value.map(textOf) : value === undefined ? [] : [textOf(value)];
    const origin = origins.get(name);
    if (values.length === 0 || (value === false && origin === undefined)) return [];
    const from = origin === undefined ? (defaults.has(name) ? "default" : "command line") : nameOf(origin, name, env);
    return [{ name, values, from }];
  });
  const image = ofFlags.some(({ name }) => name === "builder-image") ? [] : builderImage(inputs);
  return [...ofFlags, ...image, ...ownSettings(configurations, env)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** As a build chooses it: a variable, the project's file, the user's, the default. */
function builderImage({
  builder,
  imageVariable = "",
  defaultImage,
  configurations: { project, user },
  env,
}: SettingInputs): Setting[] {
  const name = "builder-image";
  const set = env[imageVariable] ?? "";
  if (set !== "") return [{ name, values: [set], from: imageVariable }];
  for (const file of [project, user]) {
    const image = file?.images[builder];
    if (image !== undefined) return [{ name, values: [image], from: `settings of ${file?.path}` }];
  }
  return defaultImage === undefined ? [] : [{ name, values: [defaultImage], from: `default of ${builder}` }];
}

/** The builder that a build with these flags tries first. */
export function firstBuilder(
  { builder, keep }: { readonly builder?: unknown; readonly keep?: unknown },
  order: readonly string[] = [],
): string {
  if (typeof builder === "string" && builder !== "auto") return builder;
  return keep === undefined ? (order[0] ?? BUILDER_NAMES[0]) : "buildkit";
}

/** oclif's values of one flag: texts, numbers and booleans. */
function textOf(value: unknown): string {
  return typeof value === "string" ? shownSetting(value) : JSON.stringify(value);
}

function nameOf(origin: string, flag: string, env: Environment): string {
  if (origin === ENVIRONMENT) return variableOf(flag);
  if (origin !== DOCKERS_VARIABLES) return origin;
  return DOCKER_VARIABLES.find(({ name, sets }) => sets?.flag === flag && (env[name] ?? "") !== "")?.name ?? origin;
}

/** The keys that are not flags. Rules are in force as the flags that they set. */
function ownSettings({ project, user }: Configurations, env: Environment): Setting[] {
  const variables: Readonly<Record<string, string>> = {
    registry: "SLIPWAY_REGISTRY",
    "builder-order": "SLIPWAY_BUILDER_ORDER",
  };
  return Object.keys(OWN_KEYS).flatMap((name): Setting[] => {
    const variable = variables[name] ?? "";
    const text = env[variable] ?? "";
    if (text !== "") return [{ name, values: [text], from: variable }];
    for (const file of [project, user]) {
      const values = valuesOf(name, file);
      if (file !== undefined && values.length > 0) return [{ name, values, from: `settings of ${file.path}` }];
    }
    return [];
  });
}

function valuesOf(name: string, file: Configurations["user"]): readonly string[] {
  if (file === undefined) return [];
  if (name === "registry") return file.registry === undefined ? [] : [file.registry];
  if (name === "builder-order") return file.builderOrder ?? [];
  if (name === "images") return Object.entries(file.images).map(([builder, image]) => `${builder}=${image}`);
  return name === "trust" ? file.trust : [];
}

export function settingsTable(settings: readonly Setting[]): string {
  const rows = settings.flatMap(({ name, values, from }) =>
    values.map((value, at) => (at === 0 ? [name, value, from] : ["", value, ""])),
  );
  return tableText([["SETTING", "VALUE", "FROM"], ...rows], 3);
}
