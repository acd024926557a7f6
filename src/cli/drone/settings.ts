/**
 * The settings of a step of Drone: PLUGIN_* variables, as drone-kaniko (cmd/kaniko-docker/main.go and its siblings) and
 * banzaicloud/kaniko-plugin (plugin.sh) read them. Only what is listed here is read: what else a pipeline sets may be for others.
 */
import { InvalidInput } from "../../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Those that say something about the build. */
const READ = [
  "ARTIFACT_FILE AUTO_TAG AUTO_TAG_SUFFIX BASE_IMAGE_PASSWORD BASE_IMAGE_REGISTRY BASE_IMAGE_USERNAME BASE_REGISTRY",
  "BUILD_ARGS BUILD_ARGS_FROM_ENV BUILD_ARGS_NEW CACHE CACHE_REPO CONFIG CONTEXT CONTEXT_SUB_PATH CUSTOM_LABELS",
  "CUSTOM_PLATFORM DESTINATION_TAR_PATH DOCKERFILE DOCKER_PASSWORD DOCKER_REGISTRY DOCKER_USERNAME ENABLE_CACHE ENV_FILE",
  "EXPAND_REPO EXPAND_TAG IMAGE_NAME_TAG_WITH_DIGEST_FILE IMAGE_NAME_WITH_DIGEST_FILE INSECURE INSECURE_PULL",
  "INSECURE_REGISTRY JSON_KEY MULTIPLE_BUILD_ARGS NO_PUSH PASSWORD PLATFORM REGISTRY REGISTRY_CERTIFICATE REPO",
  "REPRODUCIBLE SKIP_TLS_VERIFY SKIP_TLS_VERIFY_PULL TAGS TARGET TAR_PATH USERNAME",
]
  .join(" ")
  .split(" ");

/** Those that tune how kaniko works by itself, and not what comes out. */
const TUNING = new Set(
  [
    "CACHE_COPY_LAYERS CACHE_DIR CACHE_RUN_LAYERS CACHE_TTL CLEANUP COMPRESSED_CACHING FORCE IGNORE_VAR_RUN",
    "IMAGE_DOWNLOAD_RETRY IMAGE_FS_EXTRACT_RETRY LOG LOG_FORMAT LOG_TIMESTAMP PUSH_RETRY REGISTRY_MIRRORS SINGLE_SNAPSHOT",
    "SKIP_DEFAULT_REGISTRY_FALLBACK SKIP_PUSH_PERMISSION_CHECK SKIP_UNUSED_STAGES SNAPSHOT_MODE USE_NEW_RUN VERBOSITY",
  ]
    .join(" ")
    .split(" "),
);

const CLOUD = ["Give a user name and a password of the registry, or a credential helper in docker's configuration."];
const IGNORED_PATHS = ["Leave files out by a .dockerignore, or remove them in the Dockerfile."];

/** Those that ask for something else than a build would do, each with the way to it. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  ACCESS_KEY: CLOUD,
  ASSUME_ROLE: CLOUD,
  CLIENT_CERTIFICATE: CLOUD,
  CLIENT_ID: CLOUD,
  CLIENT_SECRET: CLOUD,
  CREATE_REPOSITORY: ["Create the repository beforehand."],
  EXTERNAL_ID: CLOUD,
  IGNORE_PATH: IGNORED_PATHS,
  IGNORE_PATHS: IGNORED_PATHS,
  LIFECYCLE_POLICY: ["Set the repository's policy beforehand."],
  OCI_LAYOUT_PATH: ["Use `slipway build -o type=oci,dest=FILE`."],
  OIDC_TOKEN_ID: CLOUD,
  PUSH_ONLY: ["Push an archive with skopeo or crane: nothing is built there."],
  REGISTRY_CLIENT_CERT: ["Use --registry-secret with what the registry accepts in its place."],
  REPOSITORY_POLICY: ["Set the repository's policy beforehand."],
  SECRET_KEY: CLOUD,
  SKIP_TLS_VERIFY_REGISTRY: ["Name the registry with insecure_registry."],
  SOURCE_TAR_PATH: ["Push an archive with skopeo or crane: nothing is built there."],
  SUBSCRIPTION_ID: CLOUD,
  TENANT_ID: CLOUD,
};

export interface Settings {
  /** A setting by its name without PLUGIN_; one that is empty is not set. */
  text(name: string): string | undefined;
  /** What Go's flag packages take for true. @throws InvalidInput for what is neither */
  flag(name: string): boolean;
  /** Of a list, which Drone joins by commas. */
  list(name: string): readonly string[];
}

/** @throws InvalidInput for a setting that cannot be done */
export function readSettings(env: Environment): { settings: Settings; notices: readonly string[] } {
  const given = Object.keys(env)
    .filter((name) => name.startsWith("PLUGIN_") && (env[name] ?? "") !== "")
    .map((name) => name.slice("PLUGIN_".length))
    .toSorted();
  const text = (name: string): string | undefined => env[`PLUGIN_${name}`] || undefined;
  const settings: Settings = {
    text,
    flag: (name) => booleanOf(name, text(name)),
    list: (name) => (text(name) ?? "").split(",").filter((item) => item !== ""),
  };
  for (const name of given) {
    const suggestions = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (suggestions === undefined || /^false$/i.test(text(name) ?? "")) continue;
    throw new InvalidInput(`PLUGIN_${name} asks for what slipway does not do`, { suggestions });
  }
  const tuning = given.filter((name) => TUNING.has(name));
  const unknown = given.filter((name) => !TUNING.has(name) && !READ.includes(name) && !Object.hasOwn(REFUSED, name));
  return {
    settings,
    notices: [
      ...(tuning.length === 0 ? [] : [`not used, as it tunes kaniko's own work: ${namesOf(tuning)}`]),
      ...(unknown.length === 0 ? [] : [`not known, and passed over: ${namesOf(unknown)}`]),
    ],
  };
}

function namesOf(names: readonly string[]): string {
  return names.map((name) => `PLUGIN_${name}`).join(", ");
}

function booleanOf(name: string, value = "false"): boolean {
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw new InvalidInput(`PLUGIN_${name}=${value} is neither true nor false`, {
    suggestions: ["Write true or false."],
  });
}
