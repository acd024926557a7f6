/**
 * The settings of a Drone step: PLUGIN_* variables, as drone-kaniko (cmd/kaniko-docker/main.go and its siblings) and
 * banzaicloud/kaniko-plugin (plugin.sh) read them. Only the variables listed here are read: others may be meant for other programs.
 */
import { InvalidInput } from "../../errors.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of the build. */
const BUILD_SETTINGS = [
  "ARTIFACT_FILE AUTO_TAG AUTO_TAG_SUFFIX BASE_IMAGE_PASSWORD BASE_IMAGE_REGISTRY BASE_IMAGE_USERNAME BASE_REGISTRY",
  "BUILD_ARGS BUILD_ARGS_FROM_ENV BUILD_ARGS_NEW CACHE CACHE_REPO CONFIG CONTEXT CONTEXT_SUB_PATH CUSTOM_LABELS",
  "CUSTOM_PLATFORM DESTINATION_TAR_PATH DOCKERFILE DOCKER_PASSWORD DOCKER_REGISTRY DOCKER_USERNAME ENABLE_CACHE ENV_FILE",
  "EXPAND_REPO EXPAND_TAG IMAGE_NAME_TAG_WITH_DIGEST_FILE IMAGE_NAME_WITH_DIGEST_FILE INSECURE INSECURE_PULL",
  "INSECURE_REGISTRY JSON_KEY MULTIPLE_BUILD_ARGS NO_PUSH PASSWORD PLATFORM REGISTRY REGISTRY_CERTIFICATE REPO",
  "REPRODUCIBLE SKIP_TLS_VERIFY SKIP_TLS_VERIFY_PULL TAGS TARGET TAR_PATH USERNAME",
]
  .join(" ")
  .split(" ");

/** Settings that only tune how kaniko works, and do not change the result. */
const TUNING_SETTINGS = new Set(
  [
    "CACHE_COPY_LAYERS CACHE_DIR CACHE_RUN_LAYERS CACHE_TTL CLEANUP COMPRESSED_CACHING FORCE IGNORE_VAR_RUN",
    "IMAGE_DOWNLOAD_RETRY IMAGE_FS_EXTRACT_RETRY LOG LOG_FORMAT LOG_TIMESTAMP PUSH_RETRY REGISTRY_MIRRORS SINGLE_SNAPSHOT",
    "SKIP_DEFAULT_REGISTRY_FALLBACK SKIP_PUSH_PERMISSION_CHECK SKIP_UNUSED_STAGES SNAPSHOT_MODE USE_NEW_RUN VERBOSITY",
  ]
    .join(" ")
    .split(" "),
);

const USE_LOGIN = ["Use a user name and a password of the registry, or a credential helper in docker's configuration."];
const USE_DOCKERIGNORE = ["Exclude the files with a .dockerignore, or remove them in the Dockerfile."];

/** Settings that ask for something slipway does not do, each with another way to do it. */
const UNSUPPORTED_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  ACCESS_KEY: USE_LOGIN,
  ASSUME_ROLE: USE_LOGIN,
  CLIENT_CERTIFICATE: USE_LOGIN,
  CLIENT_ID: USE_LOGIN,
  CLIENT_SECRET: USE_LOGIN,
  CREATE_REPOSITORY: ["Create the repository before the build."],
  EXTERNAL_ID: USE_LOGIN,
  IGNORE_PATH: USE_DOCKERIGNORE,
  IGNORE_PATHS: USE_DOCKERIGNORE,
  LIFECYCLE_POLICY: ["Set the policy of the repository before the build."],
  OCI_LAYOUT_PATH: ["Use `slipway build -o type=oci,dest=FILE`."],
  OIDC_TOKEN_ID: USE_LOGIN,
  PUSH_ONLY: ["Push the archive with skopeo or crane: this needs no build."],
  REGISTRY_CLIENT_CERT: ["Use --registry-secret with another login that the registry accepts."],
  REPOSITORY_POLICY: ["Set the policy of the repository before the build."],
  SECRET_KEY: USE_LOGIN,
  SKIP_TLS_VERIFY_REGISTRY: ["Name the registry with insecure_registry."],
  SOURCE_TAR_PATH: ["Push the archive with skopeo or crane: this needs no build."],
  SUBSCRIPTION_ID: USE_LOGIN,
  TENANT_ID: USE_LOGIN,
};

export interface Settings {
  /** The value of a setting by its name without PLUGIN_; undefined if it is absent or empty. */
  text(name: string): string | undefined;
  /** Whether a setting is true, in the spelling of Go's strconv.ParseBool. @throws InvalidInput for a value that is neither true nor false */
  flag(name: string): boolean;
  /** The items of a list, which Drone joins with commas. */
  list(name: string): readonly string[];
}

/** @throws InvalidInput for a setting that slipway does not support */
export function readSettings(env: Environment): { settings: Settings; notices: readonly string[] } {
  const given = Object.keys(env)
    .filter((name) => name.startsWith("PLUGIN_") && (env[name] ?? "") !== "")
    .map((name) => name.slice("PLUGIN_".length))
    .toSorted();
  const text = (name: string): string | undefined => env[`PLUGIN_${name}`] || undefined;
  const settings: Settings = {
    text,
    flag: (name) => parseFlag(name, text(name)),
    list: (name) => (text(name) ?? "").split(",").filter((item) => item !== ""),
  };
  for (const name of given) {
    const suggestions = Object.hasOwn(UNSUPPORTED_SETTINGS, name) ? UNSUPPORTED_SETTINGS[name] : undefined;
    if (suggestions === undefined || /^false$/i.test(text(name) ?? "")) continue;
    throw new InvalidInput(`slipway does not support PLUGIN_${name}`, { suggestions });
  }
  const tuning = given.filter((name) => TUNING_SETTINGS.has(name));
  const unknown = given.filter(
    (name) =>
      !TUNING_SETTINGS.has(name) && !BUILD_SETTINGS.includes(name) && !Object.hasOwn(UNSUPPORTED_SETTINGS, name),
  );
  return {
    settings,
    notices: [
      ...(tuning.length === 0 ? [] : [`ignored, as it only tunes kaniko: ${namesOf(tuning)}`]),
      ...(unknown.length === 0 ? [] : [`ignored, as slipway does not know it: ${namesOf(unknown)}`]),
    ],
  };
}

function namesOf(names: readonly string[]): string {
  return names.map((name) => `PLUGIN_${name}`).join(", ");
}

function parseFlag(name: string, value = "false"): boolean {
  const on = parseBool(value);
  if (on !== undefined) return on;
  throw new InvalidInput(`PLUGIN_${name}=${value} is neither true nor false`, {
    suggestions: [`Write PLUGIN_${name}=true or PLUGIN_${name}=false.`],
  });
}
