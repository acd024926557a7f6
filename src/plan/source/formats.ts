/**
 * What comes with the source is data: a repository, a directory or an archive may be a stranger's. This table says, for each format that
 * slipway reads from it, what such a file may name. `limits.ts` enforces it. A test fails for a file of src/ that reads a format without a row.
 */

/**
 * Which paths of this machine a file may name. `project`: only those below its directory, with symlinks resolved. `granted`: also those
 * that the user grants (`--allow`). `source`: only those in the source itself, and none of this machine.
 */
export type Paths = "none" | "source" | "project" | "granted";

export interface SourceFormat {
  /** The files, for the documentation. */
  readonly files: string;
  readonly paths: Paths;
  /** Variables of the user's environment that it may read: all, none, or those that match a pattern and are not secret by their name. */
  readonly variables: "all" | "none" | RegExp;
  /** Variables that may get their value from a Secret of the namespace. None of them is ever shown. */
  readonly secrets: "none" | RegExp;
  /** Settings that it may not have, as they loosen TLS or name identities of the user. */
  readonly refused?: readonly string[];
  /** By key: the sub-options that a value (`type=registry,ref=…`) may have. Keys without an entry have no sub-options. */
  readonly subOptions?: Readonly<Record<string, readonly string[]>>;
  /** Which hosts it may name, for the documentation. */
  readonly hosts: string;
  /** Files of src/ that read it. */
  readonly readBy: readonly string[];
}

/** Facts of a commit, a build or a repository: https://docs.drone.io/pipeline/environment/reference, GitLab's and Banzai's predefined variables. */
const CI_FACTS =
  /^(?:DRONE_(?:BRANCH|BUILD|CALVER|COMMIT|JOB|PREV|PULL_REQUEST|REPO|SEMVER|SOURCE_BRANCH|STAGE|STEP|TAG|TARGET_BRANCH)|CI_(?:BRANCH|COMMIT|JOB_ID|JOB_NAME|JOB_STAGE|JOB_URL|MERGE_REQUEST|PIPELINE|PROJECT|REPO|TAG))(?:_\w+)?$/;

/** Attributes of a cache in a registry: none of them loosens TLS, names a path, an identity or another service. */
const REGISTRY_CACHE = [
  "type",
  "ref",
  "mode",
  "compression",
  "compression-level",
  "force-compression",
  "image-manifest",
  "oci-mediatypes",
  "ignore-error",
];

const NOTHING = { variables: "none", secrets: "none" } as const;

export const SOURCE_FORMATS = {
  "bake file": {
    files: "docker-bake.hcl, docker-bake.json, files of -f, definitions at a URL",
    paths: "granted",
    variables: "all",
    secrets: "none",
    hosts: "any: contexts, Dockerfiles, images and caches, with your logins for their registries",
    readBy: ["cli/bake/read-plan.ts", "plan/bake/privileges.ts", "plan/source/remote-definition.ts"],
  },
  "compose file": {
    files: "compose.yaml, docker-compose.yml, their .env, include, extends and env_file",
    paths: "granted",
    variables: "all",
    secrets: "none",
    hosts: "any, as a bake file",
    readBy: ["plan/bake/compose-targets.ts"],
  },
  "pipeline.yaml": {
    files: "the file of `slipway pipeline`, and its env_file",
    paths: "project",
    variables: CI_FACTS,
    secrets:
      /^(?:PLUGIN_(?:\w*_)?(?:USERNAME|PASSWORD)|PLUGIN_CONFIG|PLUGIN_JSON_KEY|DOCKER_USERNAME|DOCKER_PASSWORD)$/,
    refused: [
      "INSECURE",
      "INSECURE_PULL",
      "INSECURE_REGISTRY",
      "SKIP_TLS_VERIFY",
      "SKIP_TLS_VERIFY_PULL",
      "REGISTRY_CERTIFICATE",
    ],
    hosts: "any, with the logins that the step names",
    readBy: ["cli/commands/pipeline.ts", "cli/commands/plugin.ts"],
  },
  ".slipway.yaml": {
    files: ".slipway.yaml of a project that you do not trust",
    paths: "project",
    ...NOTHING,
    subOptions: {
      "cache-from": REGISTRY_CACHE,
      "cache-to": REGISTRY_CACHE,
      provenance: ["mode", "inline-only", "version"],
      sbom: [],
    },
    hosts: "registries of images and caches, over TLS, with your logins",
    readBy: ["cli/config/find-config.ts"],
  },
  Dockerfile: {
    files: "Dockerfile, .dockerignore",
    paths: "source",
    ...NOTHING,
    hosts: "registries of base images, with your logins; ADD and RUN in the pod",
    readBy: [
      "app/completion.ts",
      "app/warm/warm.ts",
      "lib/files/read-file.ts",
      "lib/files/regular-file.ts",
      "plan/gather.ts",
      "plan/named-directories.ts",
      "plan/source/open-source.ts",
    ],
  },
  ".tags": {
    files: ".tags beside a Drone step",
    paths: "none",
    ...NOTHING,
    hosts: "none",
    readBy: ["cli/commands/plugin.ts"],
  },
  ".gitmodules": {
    files: ".gitmodules of a repository that is cloned",
    paths: "source",
    ...NOTHING,
    hosts:
      "any by http, https, ssh or git; with your credentials only the repository's own host and owner, and those of --submodule-credentials",
    readBy: ["plan/source/clone.ts"],
  },
  ".git/config": {
    files:
      "the configuration of a repository: only for BUILDX_GIT_LABELS and BUILDX_GIT_CHECK_DIRTY, and without its programs",
    paths: "none",
    ...NOTHING,
    hosts: "none",
    readBy: ["plan/source/git-dirty.ts"],
  },
  archive: {
    files: "archives as a context: tar, with gzip, zstd, xz or bzip2",
    paths: "source",
    ...NOTHING,
    hosts: "none",
    readBy: ["plan/source/unpack.ts"],
  },
  "OCI layout": {
    files: "index.json and the blobs of oci-layout://",
    paths: "source",
    ...NOTHING,
    hosts: "none",
    readBy: ["pack/layout-blobs.ts", "plan/oci-layouts.ts"],
  },
} as const satisfies Record<string, SourceFormat>;

export type FormatName = keyof typeof SOURCE_FORMATS;
