/** Which values the flags and the args of each command take. A flag that is not here is completed with nothing, not with files. */
import { BUILDER_NAMES } from "../../plan/builder-names.ts";
import { AUTO, TRANSPORTS } from "../../plan/transports.ts";
import type { Source } from "./complete.ts";

/** Fixed values, files or directories, or what a source knows. A value that ends in `=` is continued by the user. */
export type Kind = readonly string[] | "files" | "directories" | Source;

const DURATIONS = ["5m", "30m", "1h", "8h"] as const;

/** By the flag's name, or by `COMMAND FLAG` where it differs. Flags with fixed `options` have them in the manifest. */
export const VALUES: Readonly<Record<string, Kind>> = {
  attest: ["type=provenance", "type=sbom"],
  "build-arg": "build-arguments",
  "build-context": "directories",
  builder: ["auto", ...BUILDER_NAMES],
  "rbac builder": BUILDER_NAMES,
  "cache-from": ["type=registry,ref="],
  "cache-to": ["type=registry,ref=", "type=inline"],
  call: ["build", "check", "outline", "targets"],
  context: "contexts",
  dir: "directories",
  explain: "files",
  file: "files",
  iidfile: "files",
  keep: DURATIONS,
  kubeconfig: "files",
  list: ["targets", "variables"],
  load: ["true", "false", "kind", "kind:"],
  "metadata-file": "files",
  namespace: "namespaces",
  network: ["default", "host", "none"],
  "no-cache-filter": "stages",
  output: ["type=local,dest=", "type=tar,dest=", "type=oci,dest=", "type=docker,dest=", "type=registry"],
  platform: ["linux/amd64", "linux/arm64"],
  "pod-template": "files",
  progress: ["auto", "plain", "tty", "quiet", "none", "rawjson", "json"],
  provenance: ["true", "false", "mode=min", "mode=max"],
  "registry-ca": "files",
  sbom: ["true", "false"],
  secret: ["id="],
  "sign-key": "files",
  ssh: ["default"],
  target: "stages",
  timeout: DURATIONS,
  transport: [AUTO, ...TRANSPORTS],
  ttl: DURATIONS,
};

/** By the command's id. A command that is not here takes names that nobody knows. */
export const POSITIONALS: Readonly<Record<string, Kind>> = {
  attach: "builds",
  bake: "bake-targets",
  build: "directories",
  "builders:inspect": BUILDER_NAMES,
  "cache:rm": "kept-contexts",
  cancel: "running-builds",
  config: "directories",
  context: "directories",
  inspect: "builds",
  "keep:stop": "kept-builders",
  logs: "builds",
  pipeline: "files",
  rm: "builds",
  wait: "builds",
};
