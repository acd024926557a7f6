/** A step of Drone as the words of one `slipway build`, and what it wants to know of the result. Pure. */
import { posix } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { credentialsOf } from "./credentials.ts";
import type { Environment, Settings } from "./settings.ts";
import { readSettings } from "./settings.ts";
import { tagsOf } from "./tags.ts";
import type { Dialect } from "./tags.ts";

export interface PluginBuild {
  /** Flags, then `--` and the context. Nothing secret. */
  readonly words: readonly string[];
  /** docker's configuration, as text; undefined where the step has no credentials. */
  readonly dockerConfig?: string;
  readonly notices: readonly string[];
  readonly results: ResultFiles;
}

/** Paths of files a step wants written once the image is pushed. */
export interface ResultFiles {
  /** JSON of Drone's card. */
  readonly artifact?: string;
  /** Variables of later steps: DRONE_OUTPUT. */
  readonly output?: string;
  readonly nameWithDigest?: string;
  readonly nameTagWithDigest?: string;
  /** `REPO:TAG` each. */
  readonly images: readonly string[];
  readonly registry: string;
  readonly archive?: string;
}

/** Docker Hub, as both plugins call it. */
const HUB = "https://index.docker.io/v1/";

/**
 * @param listedTags what the file `.tags` of the working directory says
 * @throws InvalidInput for settings that cannot be done, or contradict each other
 */
export function pluginBuild(env: Environment, dialect: Dialect, listedTags?: string): PluginBuild {
  const { settings, notices } = readSettings(env);
  const registry = settings.text("REGISTRY") ?? settings.text("BASE_REGISTRY") ?? HUB;
  const prefixes = dialect === "banzai" || settings.flag("EXPAND_REPO");
  const complete = (name: string): string =>
    prefixes && hostOf(registry) !== "index.docker.io" ? `${hostOf(registry)}/${name}` : name;
  const repo = settings.text("REPO");
  const archive = settings.text("TAR_PATH") ?? settings.text("DESTINATION_TAR_PATH");
  const pushes = !settings.flag("NO_PUSH") && !(dialect === "banzai" && repo === undefined);
  if (pushes && repo === undefined) {
    throw new InvalidInput("the step names no repository to push to", {
      suggestions: ["Set PLUGIN_REPO, or PLUGIN_NO_PUSH=true to see only that it builds."],
    });
  }
  const named = repo !== undefined && (pushes || archive !== undefined);
  const images = named ? tagsOf(settings, env, dialect, listedTags).map((tag) => `${complete(repo)}:${tag}`) : [];
  const outputs = [
    ...(archive === undefined ? [] : [fieldsOf({ type: "docker", dest: archive })]),
    ...(archive !== undefined && pushes ? ["type=registry"] : []),
    ...(archive === undefined && !pushes ? ["type=cacheonly"] : []),
  ];
  const pushRegistry = settings.text("REGISTRY") ?? settings.text("BASE_REGISTRY") ?? repositoryHost(repo) ?? HUB;
  return {
    words: [
      ...words("tag", images),
      ...words("file", one(settings.text("DOCKERFILE"))),
      ...words("build-arg", buildArguments(settings, env)),
      ...words("label", settings.list("CUSTOM_LABELS")),
      ...words("target", one(settings.text("TARGET"))),
      ...words("platform", one(settings.text("PLATFORM") ?? settings.text("CUSTOM_PLATFORM"))),
      ...words("output", outputs),
      ...cacheWords(settings, repo === undefined ? undefined : complete(repo), complete),
      ...words("insecure-registry", insecureHosts(settings, pushRegistry)),
      ...words("registry-ca", one(certificate(settings.list("REGISTRY_CERTIFICATE")))),
      "--",
      contextOf(settings),
    ],
    ...credentialsOf(settings, env, pushRegistry),
    notices,
    results: {
      ...defined("artifact", settings.text("ARTIFACT_FILE")),
      ...defined("output", env["DRONE_OUTPUT"] || undefined),
      ...defined("nameWithDigest", settings.text("IMAGE_NAME_WITH_DIGEST_FILE")),
      ...defined("nameTagWithDigest", settings.text("IMAGE_NAME_TAG_WITH_DIGEST_FILE")),
      ...defined("archive", archive),
      images,
      registry,
    },
  };
}

function contextOf(settings: Settings): string {
  const context = (settings.text("CONTEXT") ?? ".").replace(/^dir:\/\//, "");
  const below = settings.text("CONTEXT_SUB_PATH");
  return below === undefined ? context : posix.join(context, below);
}

/** A comma parts them; where values have commas of their own, BUILD_ARGS_NEW has them by semicolons. */
function buildArguments(settings: Settings, env: Environment): string[] {
  const several = settings.flag("MULTIPLE_BUILD_ARGS") ? (settings.text("BUILD_ARGS_NEW") ?? "").split(";") : [];
  const fromEnvironment = settings
    .list("BUILD_ARGS_FROM_ENV")
    .flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]));
  return [...settings.list("BUILD_ARGS"), ...several.filter((item) => item !== ""), ...fromEnvironment];
}

/** Kaniko's own place for it is below the image's repository. */
function cacheWords(settings: Settings, repo: string | undefined, complete: (name: string) => string): string[] {
  if (!settings.flag("ENABLE_CACHE") && !settings.flag("CACHE")) return [];
  const own = settings.text("CACHE_REPO");
  const place = own === undefined ? repo && `${repo}/cache` : complete(own);
  return place === undefined ? [] : [`--cache-from=${place}`, `--cache-to=${place}`];
}

function insecureHosts(settings: Settings, registry: string): string[] {
  const all = ["INSECURE", "SKIP_TLS_VERIFY"].some((name) => settings.flag(name));
  const pulls = ["INSECURE_PULL", "SKIP_TLS_VERIFY_PULL"].some((name) => settings.flag(name));
  const base = settings.text("BASE_IMAGE_REGISTRY") ?? settings.text("DOCKER_REGISTRY") ?? registry;
  const hosts = [...(all ? [registry] : []), ...(pulls ? [base] : []), ...settings.list("INSECURE_REGISTRY")];
  return [...new Set(hosts.map(hostOf))];
}

/** `HOST=FILE`: the file holds for all registries here. @throws InvalidInput for several */
function certificate(entries: readonly string[]): string | undefined {
  const files = new Set(entries.map((entry) => entry.slice(entry.indexOf("=") + 1)));
  if (files.size <= 1) return [...files][0];
  throw new InvalidInput("PLUGIN_REGISTRY_CERTIFICATE names several files, and one is read", {
    suggestions: ["Put the certificates into one file."],
  });
}

/** The host of a name that begins with one, as docker tells them (distribution/reference). */
function repositoryHost(repo = ""): string | undefined {
  const [first = "", ...rest] = repo.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : undefined;
}

function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//i, "").replace(/\/.*$/, "");
}

/** One entry of `--output`: a comma or a quote in a path needs CSV's quotes. */
function fieldsOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}

function words(flag: string, values: readonly string[]): string[] {
  return values.map((value) => `--${flag}=${value}`);
}

function one(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
