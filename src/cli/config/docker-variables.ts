/** The variables of docker, BuildKit and buildx, and what slipway does with each. docs/reference/configuration.md is generated from this table. */
import { isBuilderName } from "../../plan/builder-names.ts";
import { InvalidInput } from "../../errors.ts";
import type { Settings } from "./parse-config.ts";
import { booleanOf } from "../../lib/text/booleans.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface DockerVariable {
  readonly name: string;
  /** One sentence: what slipway does with it. */
  readonly what: string;
  /** The flag whose default it sets, and the values that count. Other values name what only docker has. */
  readonly sets?: { readonly flag: string; readonly takes: (value: string) => boolean };
}

const PROGRESS_VALUES = new Set(["auto", "plain", "tty", "quiet", "none", "rawjson"]);
const NO_DEFAULT_ATTESTATIONS = "Ignored: slipway attests only what `--attest`, `--provenance` and `--sbom` ask for.";
const ENGINE = "Names the engine for `--load`, as with docker.";

export const DOCKER_VARIABLES: readonly DockerVariable[] = [
  {
    name: "DOCKER_DEFAULT_PLATFORM",
    what: "The default of `--platform`.",
    sets: { flag: "platform", takes: () => true },
  },
  {
    name: "BUILDX_BUILDER",
    what: "The default of `--builder`, if it names a builder of slipway; names of buildx instances are ignored.",
    sets: { flag: "builder", takes: (value) => value === "auto" || isBuilderName(value) },
  },
  {
    name: "BUILDKIT_PROGRESS",
    what: "The view if `--progress` is `auto`.",
    sets: { flag: "progress", takes: (value) => PROGRESS_VALUES.has(value) },
  },
  {
    name: "BUILDKIT_COLORS",
    what: "Colours of the terminal view: `run=green:warning=yellow:error=255,0,0:cancel=yellow`.",
  },
  {
    name: "BUILDKIT_TTY_LOG_LINES",
    what: "Rows of the terminal view for the last lines of each running step: 6 if it is absent.",
  },
  { name: "NO_COLOR", what: "Turns off the colours of the terminal view." },
  {
    name: "DOCKER_BUILDKIT",
    what: "0 gives a warning, as there is no classic builder. A value that is not a boolean is an error, as with docker.",
  },
  { name: "DOCKER_CONFIG", what: "The directory of docker's configuration: credentials and proxies." },
  { name: "DOCKER_AUTH_CONFIG", what: "Credentials that precede those of docker's configuration." },
  { name: "SOURCE_DATE_EPOCH", what: "Becomes a build argument." },
  {
    name: "BUILDX_GIT_LABELS",
    what: "1 or `full`: adds labels for the context's commit (`org.opencontainers.image.revision`), its remote (`…source`) and its Dockerfile; `--label` takes precedence.",
  },
  { name: "BUILDX_GIT_CHECK_DIRTY", what: "1: the commit's label ends in `-dirty` if the work tree has changes." },
  { name: "BUILDX_GIT_INFO", what: "Ignored: in buildx it only adds git information to provenance." },
  { name: "BUILDX_NO_DEFAULT_ATTESTATIONS", what: NO_DEFAULT_ATTESTATIONS },
  {
    name: "BUILDX_METADATA_PROVENANCE",
    what: "How much provenance the metadata file has: `min` (the default), `max` with times and the build's name, or `disabled`.",
  },
  { name: "BUILDX_METADATA_WARNINGS", what: "Ignored: the metadata file has no warnings." },
  { name: "BUILDX_NO_DEFAULT_LOAD", what: "Ignored: slipway loads only with `--load` or `-o type=docker`." },
  {
    name: "BUILDX_BAKE_FILE",
    what: "The files that `slipway bake` reads without `-f`, separated by `BUILDX_BAKE_PATH_SEPARATOR`.",
  },
  {
    name: "BUILDX_BAKE_PATH_SEPARATOR",
    what: "Separates the files of `BUILDX_BAKE_FILE`; the default is `:`, on Windows `;`.",
  },
  {
    name: "BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP",
    what: "1: the variables of bake files get no values from the environment.",
  },
  {
    name: "BUILDX_BAKE_ENTITLEMENTS_FS",
    what: "0: bake files need no `--allow` for files outside the working directory and for SSH.",
  },
  {
    name: "BAKE_ALLOW_REMOTE_FS_ACCESS",
    what: "1: the same, only for a bake file at a URL.",
  },
  { name: "BUILDX_CONFIG", what: "Ignored: there are no builder instances to store." },
  {
    name: "DOCKER_HOST",
    what: "Names the engine for `--load`, and selects a proxy of docker's configuration, as with docker.",
  },
  { name: "DOCKER_CONTEXT", what: ENGINE },
  { name: "DOCKER_TLS_VERIFY", what: "Not empty: the engine of DOCKER_HOST is reached with TLS, and verified." },
  { name: "DOCKER_TLS", what: "Not empty: the same, and the engine's certificate is not verified." },
  {
    name: "DOCKER_CERT_PATH",
    what: "The directory of `ca.pem`, `cert.pem` and `key.pem` for the engine of DOCKER_HOST.",
  },
  { name: "DOCKER_API_VERSION", what: "Ignored: `--load` uses what every version has." },
  { name: "BUILDKIT_HOST", what: "Ignored: each build has its own BuildKit." },
  { name: "KUBECONFIG", what: "The default of `--kubeconfig`; several files are merged, as kubectl does." },
];

/** The flags that the variables set. */
export function dockerSettings(env: Environment): Settings {
  return new Map(
    DOCKER_VARIABLES.flatMap(({ name, sets }): [string, readonly string[]][] => {
      const value = env[name] ?? "";
      return sets === undefined || value === "" || !sets.takes(value) ? [] : [[sets.flag, [value]]];
    }),
  );
}

/**
 * Warnings about what a variable asks for and slipway does not have, one sentence each.
 * @throws InvalidInput for a DOCKER_BUILDKIT that docker would refuse
 */
export function dockerNotices(env: Environment): string[] {
  const text = env["DOCKER_BUILDKIT"] ?? "";
  if (text === "") return [];
  const on = /^(?:yes|no|y|n|on|off)$/i.test(text) ? undefined : booleanOf(text);
  if (on === undefined) {
    throw new InvalidInput(`DOCKER_BUILDKIT environment variable expects boolean value, but is "${text}"`, {
      suggestions: ["Unset it: slipway has only one kind of builder."],
    });
  }
  return on ? [] : ["DOCKER_BUILDKIT=0 is ignored: there is no classic builder"];
}
