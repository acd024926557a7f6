/**
 * Every flag of `docker build` and `docker buildx build`, hidden ones included (docker/cli: cli/command/image/build.go; buildx:
 * commands/build.go; their versions are in test/contract/recorded/flags.json). The command's flags, its refusals and notices, and
 * docs/reference/docker-compatibility.md are made from this table.
 */
import type { FlagRow } from "./flag-row.ts";
import { honoured, ignored, needs, refused, silentlyIgnored } from "./flag-row.ts";
import { RESOURCE_FLAGS } from "./flag-table-resources.ts";
import { RESULT_FLAGS } from "./flag-table-results.ts";

const INPUT_FLAGS = {
  file: {
    arity: "value",
    char: "f",
    value: "FILE",
    help: "Dockerfile: a path, - for standard input, or a URL (default: PATH/Dockerfile)",
    docker:
      "Relative to the working directory; may be outside of the context. For an archive or a URL: a path inside the context.",
    slipway: honoured("The same."),
  },
  "build-arg": {
    arity: "values",
    value: "NAME[=VALUE]",
    help: "set an ARG; without a value: from the environment; may be repeated",
    docker:
      "Without a value: taken from the environment, omitted if it is not set there. The proxies of docker's configuration and SOURCE_DATE_EPOCH are added.",
    slipway: honoured(
      "The same. SOURCE_DATE_EPOCH is refused for a builder that would not use it as the time of the image: buildkit and buildah do.",
    ),
  },
  "build-context": {
    arity: "values",
    value: "NAME=PATH|docker-image://IMAGE|oci-layout://PATH|URL",
    help: "add a named context for FROM, COPY --from and RUN --mount",
    docker: "A directory, image, OCI layout or repository under a name.",
    slipway: needs(
      ["build-context", "build-context-url"],
      "Directories are sent with the context, each with its own `.dockerignore`; the builder fetches URLs. An OCI layout needs `--keep`.",
    ),
  },
  target: {
    arity: "value",
    value: "STAGE",
    help: "stage of the Dockerfile to build",
    docker: "Stops at this stage.",
    slipway: honoured("The same."),
  },
  platform: {
    arity: "values",
    value: "OS/ARCH",
    help: "platform of the image; may be repeated, or have several with commas: each is built on a node of its own",
    docker: "One or several, emulated if need be.",
    slipway: honoured(
      "One or several, each in a pod on a node of that architecture, or in one pod of BuildKit if the Dockerfile cross-compiles.",
    ),
  },
  pull: {
    arity: "nothing",
    help: "look for newer base images; slipway always does so",
    docker: "Resolves base images again instead of using local ones.",
    slipway: honoured("Always: there are no local images."),
  },
  secret: {
    arity: "values",
    value: "id=ID[,src=FILE|,env=NAME|,k8s=SECRET/KEY|,vault=PATH#FIELD]",
    help: "a secret for RUN --mount=type=secret",
    docker: "From a file or the environment, at most 500 KiB.",
    slipway: needs(
      "secret",
      "Sent as a Secret of the build; `k8s=NAME/KEY` uses a Secret of the namespace, `vault=PATH#FIELD` a secret of Vault. A variable that is not set gives an empty secret, as in docker, and a warning.",
    ),
  },
  ssh: {
    arity: "values",
    value: "default|ID[=SOCKET|KEY]",
    help: "an SSH agent or key for RUN --mount=type=ssh",
    docker: "Forwards the agent's socket or keys.",
    slipway: needs(
      "ssh",
      "Keys are sent as a Secret of the build. The socket of an agent is refused: a pod cannot connect to it.",
    ),
  },
  "add-host": {
    arity: "values",
    value: "HOST:IP",
    help: "add a line to /etc/hosts during the build",
    docker: "`host:ip` or `host=ip`, several addresses separated by commas, `host-gateway` for the engine's host.",
    slipway: needs(
      "add-host",
      "The builder sets it itself, or the pod's hostAliases do; `host-gateway` is refused, because there is no engine.",
    ),
  },
  network: {
    arity: "value",
    value: "MODE",
    help: "network of RUN: default, none or host",
    docker: "`default`, `none` or `host`.",
    slipway: needs(
      "network-none",
      "`default` and `host` are the pod's network (a notice says so for `host`); `none` needs support by the builder.",
    ),
  },
  allow: {
    arity: "values",
    value: "ENTITLEMENT",
    help: "allow an entitlement; a pod without privileges can grant only buildx.local.delete",
    docker: "`network.host`, `security.insecure`, `device`, `buildx.local.delete`.",
    slipway: needs("entitlements", "An unprivileged pod cannot grant any; `buildx.local.delete` is always allowed."),
  },
  "no-cache": {
    arity: "nothing",
    help: "do not use cached layers",
    docker: "Runs every instruction.",
    slipway: honoured("The same."),
  },
  "no-cache-filter": {
    arity: "values",
    value: "STAGE",
    help: "do not use cached layers of these stages",
    docker: "Not together with --no-cache.",
    slipway: needs("no-cache-filter", "The same. Without a cache, every builder accepts it."),
  },
  "cache-from": {
    arity: "values",
    value: "REF|type=TYPE,…",
    help: "read cached layers from this registry repository, or type=…",
    docker: "A registry reference, or a cache of type registry, local, inline, gha, s3, azblob.",
    slipway: needs(
      ["cache-registry", "cache-redis", "cache-elsewhere"],
      "Depends on the builder. Kaniko and Buildah keep their cache in a repository and ignore the tag. Makisu uses `type=redis,addr=HOST:PORT`.",
    ),
  },
  "cache-to": {
    arity: "values",
    value: "REF|type=TYPE,…",
    help: "write cached layers to this registry repository, or type=…",
    docker: "As --cache-from; `mode=max` keeps the layers of every stage.",
    slipway: needs(["cache-registry", "cache-inline", "cache-redis", "cache-elsewhere"], "As --cache-from."),
  },
  policy: {
    arity: "values",
    value: "filename=FILE",
    docker: "Checks sources with a Rego policy.",
    slipway: refused(
      "slipway does not support source policies",
      "Check sources before the build, or with an admission policy of the cluster.",
    ),
  },
} satisfies Record<string, FlagRow>;

const DEPRECATED_FLAGS = {
  builder: {
    arity: "value",
    value: "BUILDER",
    docker: "Name of a builder instance.",
    slipway: honoured("The program that builds in the pod."),
  },
  debug: { arity: "nothing", char: "D", docker: "More logging.", slipway: ignored("slipway has no debug log") },
  compress: {
    arity: "nothing",
    docker: "Ignored with BuildKit.",
    slipway: silentlyIgnored("The context is always sent compressed."),
  },
  rm: { arity: "nothing", docker: "Ignored with BuildKit.", slipway: silentlyIgnored("Nothing of a build stays.") },
  "force-rm": {
    arity: "nothing",
    docker: "Ignored with BuildKit.",
    slipway: silentlyIgnored("Nothing of a build stays."),
  },
  isolation: {
    arity: "value",
    value: "TECHNOLOGY",
    docker: "Ignored with BuildKit, with a warning.",
    slipway: ignored("the pod is the isolation"),
  },
  "security-opt": {
    arity: "values",
    value: "OPTION",
    docker: "Ignored with BuildKit, with a warning.",
    slipway: ignored("the builder decides the security context of the pod"),
  },
  squash: {
    arity: "nothing",
    docker: "Ignored with BuildKit, with a warning.",
    slipway: ignored("squash in the Dockerfile: add a last stage that copies from the other stages"),
  },
  "disable-content-trust": {
    arity: "nothing",
    docker: "Removed with the classic builder: docker 29 does not know it.",
    slipway: silentlyIgnored("Signatures are not verified."),
  },
} satisfies Record<string, FlagRow>;

export const FLAG_TABLE = { ...INPUT_FLAGS, ...RESULT_FLAGS, ...RESOURCE_FLAGS, ...DEPRECATED_FLAGS };

export type DockerFlagName = keyof typeof FLAG_TABLE;
