/** The variables docker, BuildKit and buildx read, and what becomes of each here: docs/reference/configuration.md is made from this table. */
import { isBuilderName } from "../../plan/builder-names.ts";
import { InvalidInput } from "../../errors.ts";
import type { Settings } from "./parse-config.ts";
import { booleanOf } from "../../lib/text/booleans.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface DockerVariable {
  readonly name: string;
  /** What slipway does with it, a sentence. */
  readonly what: string;
  /** The flag whose default it is, and which values count: others name what exists only in docker. */
  readonly sets?: { readonly flag: string; readonly takes: (value: string) => boolean };
}

const PROGRESS = new Set(["auto", "plain", "tty", "quiet", "none", "rawjson"]);
const NOT_MADE = "Nothing: slipway attests only what `--attest`, `--provenance` and `--sbom` ask for.";
const NO_ENGINE = "Nothing: there is no engine.";

export const DOCKER_VARIABLES: readonly DockerVariable[] = [
  {
    name: "DOCKER_DEFAULT_PLATFORM",
    what: "The default of `--platform`.",
    sets: { flag: "platform", takes: () => true },
  },
  {
    name: "BUILDX_BUILDER",
    what: "The default of `--builder`, where it names one of slipway's; the names of buildx's own instances are passed over.",
    sets: { flag: "builder", takes: (value) => value === "auto" || isBuilderName(value) },
  },
  {
    name: "BUILDKIT_PROGRESS",
    what: "The view where `--progress` is `auto`.",
    sets: { flag: "progress", takes: (value) => PROGRESS.has(value) },
  },
  { name: "BUILDKIT_COLORS", what: "Colours of the terminal's view: `run=green:warning=yellow:error=255,0,0`." },
  { name: "BUILDKIT_TTY_LOG_LINES", what: "Nothing: the log is shown whole, above the line of what happens now." },
  { name: "NO_COLOR", what: "A terminal's view without colours." },
  {
    name: "DOCKER_BUILDKIT",
    what: "0 is said once to mean nothing: there is no classic builder. What is no boolean is an error, as with docker.",
  },
  { name: "DOCKER_CONFIG", what: "The directory of docker's configuration: credentials and proxies." },
  { name: "DOCKER_AUTH_CONFIG", what: "Credentials that come before those of docker's configuration." },
  { name: "SOURCE_DATE_EPOCH", what: "Becomes a build argument." },
  {
    name: "BUILDX_GIT_LABELS",
    what: "1 or `full`: labels for the context's commit (`org.opencontainers.image.revision`), its remote (`…source`) and the Dockerfile in it; `--label` comes first.",
  },
  { name: "BUILDX_GIT_CHECK_DIRTY", what: "1: the commit's label ends in `-dirty` where something is changed." },
  { name: "BUILDX_GIT_INFO", what: "Nothing: provenance is what it would be in." },
  { name: "BUILDX_NO_DEFAULT_ATTESTATIONS", what: NOT_MADE },
  {
    name: "BUILDX_METADATA_PROVENANCE",
    what: "What the metadata file has of provenance: `min` (the default), `max` with times and the build's name, or `disabled`.",
  },
  { name: "BUILDX_METADATA_WARNINGS", what: "Nothing: the metadata file has no warnings." },
  { name: "BUILDX_NO_DEFAULT_LOAD", what: "Nothing: nothing is loaded, as there is no engine." },
  { name: "BUILDX_CONFIG", what: "Nothing: there are no instances to keep." },
  {
    name: "DOCKER_HOST",
    what: "Chooses among the proxies of docker's configuration, as with docker; there is no engine.",
  },
  { name: "DOCKER_CONTEXT", what: NO_ENGINE },
  { name: "DOCKER_TLS_VERIFY", what: NO_ENGINE },
  { name: "DOCKER_CERT_PATH", what: NO_ENGINE },
  { name: "DOCKER_API_VERSION", what: NO_ENGINE },
  { name: "BUILDKIT_HOST", what: "Nothing: each build has a BuildKit of its own." },
  { name: "KUBECONFIG", what: "The default of `--kubeconfig`; several files are joined, as kubectl does." },
];

/** Those that are the default of a flag. */
export function dockerSettings(env: Environment): Settings {
  return new Map(
    DOCKER_VARIABLES.flatMap(({ name, sets }): [string, readonly string[]][] => {
      const value = env[name] ?? "";
      return sets === undefined || value === "" || !sets.takes(value) ? [] : [[sets.flag, [value]]];
    }),
  );
}

/**
 * What a variable asks for that there is none of, a sentence each.
 * @throws InvalidInput for a DOCKER_BUILDKIT docker would refuse
 */
export function dockerNotices(env: Environment): string[] {
  const text = env["DOCKER_BUILDKIT"] ?? "";
  if (text === "") return [];
  const on = /^(?:yes|no|y|n|on|off)$/i.test(text) ? undefined : booleanOf(text);
  if (on === undefined) {
    throw new InvalidInput(`DOCKER_BUILDKIT environment variable expects boolean value, and is "${text}"`, {
      suggestions: ["Unset it: it means nothing here."],
    });
  }
  return on ? [] : ["DOCKER_BUILDKIT=0 means nothing here: there is no classic builder"];
}
