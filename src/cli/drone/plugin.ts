/** Translates a Drone step to the args of one `slipway build`, and to the files that the step wants for the result. Pure. */
import { posix } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { credentialsOf } from "./credentials.ts";
import type { Environment, Settings } from "./settings.ts";
import { readSettings } from "./settings.ts";
import { tagsOf } from "./tags.ts";
import type { Dialect } from "./tags.ts";

export interface PluginBuild {
  /** Flags, then `--` and the context. They hold no secret but those in `fromEnvironment`. */
  readonly args: readonly string[];
  /** Docker's configuration as text; absent if the step has no credentials. */
  readonly dockerConfig?: string;
  readonly notices: readonly string[];
  /** Values that BUILD_ARGS_FROM_ENV takes from the environment, where CI systems keep secrets. */
  readonly fromEnvironment: readonly string[];
  readonly results: ResultFiles;
}

/** Paths of the files to write for a step once the image is pushed. */
export interface ResultFiles {
  /** The JSON of Drone's card. */
  readonly artifact?: string;
  /** Variables for later steps: DRONE_OUTPUT. */
  readonly output?: string;
  readonly nameWithDigest?: string;
  readonly nameTagWithDigest?: string;
  /** Each as `REPO:TAG`. */
  readonly images: readonly string[];
  readonly registry: string;
  readonly archive?: string;
}

/** Docker Hub, in the form that both plugins use. */
const HUB = "https://index.docker.io/v1/";

/**
 * @param listedTags the text of the file `.tags` in the working directory
 * @throws InvalidInput for settings that slipway does not support, or that contradict each other
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
    throw new InvalidInput("the step does not name a repository to push to", {
      suggestions: ["Set PLUGIN_REPO, or PLUGIN_NO_PUSH=true to build without a push."],
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
    args: [
      ...flagArgs("tag", images),
      ...flagArgs("file", one(settings.text("DOCKERFILE"))),
      ...flagArgs("build-arg", buildArguments(settings, env)),
      ...flagArgs("label", settings.list("CUSTOM_LABELS")),
      ...flagArgs("target", one(settings.text("TARGET"))),
      ...flagArgs("platform", one(settings.text("PLATFORM") ?? settings.text("CUSTOM_PLATFORM"))),
      ...flagArgs("output", outputs),
      ...cacheArgs(settings, repo === undefined ? undefined : complete(repo), complete),
      ...flagArgs("insecure-registry", insecureHosts(settings, pushRegistry)),
      ...flagArgs("registry-ca", one(certificate(settings.list("REGISTRY_CERTIFICATE")))),
      "--",
      contextOf(settings),
    ],
    ...credentialsOf(settings, env, pushRegistry),
    notices,
    fromEnvironment: settings.list("BUILD_ARGS_FROM_ENV").flatMap((name) => env[name] ?? []),
    results: {
      ...omitUndefined({
        artifact: settings.text("ARTIFACT_FILE"),
        output: env["DRONE_OUTPUT"] || undefined,
        nameWithDigest: settings.text("IMAGE_NAME_WITH_DIGEST_FILE"),
        nameTagWithDigest: settings.text("IMAGE_NAME_TAG_WITH_DIGEST_FILE"),
        archive,
      }),
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

/** BUILD_ARGS has commas between the arguments. BUILD_ARGS_NEW has semicolons, for values that contain commas. */
function buildArguments(settings: Settings, env: Environment): string[] {
  const several = settings.flag("MULTIPLE_BUILD_ARGS") ? (settings.text("BUILD_ARGS_NEW") ?? "").split(";") : [];
  const fromEnvironment = settings
    .list("BUILD_ARGS_FROM_ENV")
    .flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]));
  return [...settings.list("BUILD_ARGS"), ...several.filter((item) => item !== ""), ...fromEnvironment];
}

/** Without CACHE_REPO the cache is below the image's repository, as with kaniko. */
function cacheArgs(settings: Settings, repo: string | undefined, complete: (name: string) => string): string[] {
  if (!settings.flag("ENABLE_CACHE") && !settings.flag("CACHE")) return [];
  const own = settings.text("CACHE_REPO");
  const cache = own === undefined ? repo && `${repo}/cache` : complete(own);
  return cache === undefined ? [] : [`--cache-from=${cache}`, `--cache-to=${cache}`];
}

function insecureHosts(settings: Settings, registry: string): string[] {
  const all = ["INSECURE", "SKIP_TLS_VERIFY"].some((name) => settings.flag(name));
  const pulls = ["INSECURE_PULL", "SKIP_TLS_VERIFY_PULL"].some((name) => settings.flag(name));
  const base = settings.text("BASE_IMAGE_REGISTRY") ?? settings.text("DOCKER_REGISTRY") ?? registry;
  const hosts = [...(all ? [registry] : []), ...(pulls ? [base] : []), ...settings.list("INSECURE_REGISTRY")];
  return [...new Set(hosts.map(hostOf))];
}

/** The file of `HOST=FILE` entries, which slipway uses for all registries. @throws InvalidInput for several files */
function certificate(entries: readonly string[]): string | undefined {
  const files = new Set(entries.map((entry) => entry.slice(entry.indexOf("=") + 1)));
  if (files.size <= 1) return [...files][0];
  throw new InvalidInput("PLUGIN_REGISTRY_CERTIFICATE names several files, but slipway reads only one", {
    suggestions: ["Put all certificates into one file."],
  });
}

/** The registry host at the start of an image name, by docker's rule (distribution/reference); undefined if there is none. */
function repositoryHost(repo = ""): string | undefined {
  const [first = "", ...rest] = repo.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : undefined;
}

function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//i, "").split("/", 1)[0] ?? "";
}

/** One value of `--output`. A comma or a quote in a path needs the quotes of CSV. */
function fieldsOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}

function flagArgs(flag: string, values: readonly string[]): string[] {
  return values.map((value) => `--${flag}=${value}`);
}

function one(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}
