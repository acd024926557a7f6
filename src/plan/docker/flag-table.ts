/**
 * Every flag of `docker build` and `docker buildx build` (docker/cli 28, buildx 0.38: cli/command/image/build.go and
 * commands/build.go), hidden ones included. The command's flags, its refusals and notices, and
 * docs/reference/docker-compatibility.md are all made from this table.
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
    help: "the Dockerfile: a path, - for standard input, or a URL (default: PATH/Dockerfile)",
    docker: "Relative to the working directory, may lie outside the context; inside it for an archive or a URL.",
    slipway: honoured("The same."),
  },
  "build-arg": {
    arity: "values",
    value: "NAME[=VALUE]",
    help: "set an ARG; without a value: from the environment",
    docker:
      "Without a value: the environment's, left out if that has none. Proxies of docker's configuration and SOURCE_DATE_EPOCH are added.",
    slipway: honoured(
      "The same. A SOURCE_DATE_EPOCH given so is refused where the builder would not date the image by it: buildkit and buildah do.",
    ),
  },
  "build-context": {
    arity: "values",
    value: "NAME=PATH|docker-image://IMAGE|URL",
    help: "another context, for FROM, COPY --from and RUN --mount",
    docker: "A directory, image, OCI layout or repository under a name.",
    slipway: needs(
      ["build-context", "build-context-url"],
      "Directories travel with the context, each under its own `.dockerignore`; URLs are fetched by the builder. A layout has to be pushed first.",
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
    help: "platform of the image; the pod runs on a node of that architecture",
    docker: "One or several, emulated if need be.",
    slipway: honoured("One, on a node of that architecture; several are refused."),
  },
  pull: {
    arity: "nothing",
    help: "look for newer base images; slipway always does",
    docker: "Resolves base images anew instead of using local ones.",
    slipway: honoured("Always so: there are no local images."),
  },
  secret: {
    arity: "values",
    value: "id=ID[,src=FILE|,env=NAME|,k8s=SECRET/KEY|,vault=PATH#FIELD]",
    help: "a secret for RUN --mount=type=secret",
    docker: "From a file or the environment, at most 500 KiB.",
    slipway: needs(
      "secret",
      "Travels as a Secret of the build; `k8s=NAME/KEY` takes one of the namespace, `vault=PATH#FIELD` one of Vault.",
    ),
  },
  ssh: {
    arity: "values",
    value: "default|ID[=SOCKET|KEY]",
    help: "an SSH agent or key for RUN --mount=type=ssh",
    docker: "Forwards the agent's socket or keys.",
    slipway: needs(
      "ssh",
      "Keys, which travel as a Secret of the build; an agent's socket is refused: no pod can reach it.",
    ),
  },
  "add-host": {
    arity: "values",
    value: "HOST:IP",
    help: "add a line to /etc/hosts during the build",
    docker: "`host:ip` or `host=ip`, several addresses by commas, `host-gateway` for the engine's host.",
    slipway: needs(
      "add-host",
      "The builder's own, or the pod's hostAliases; `host-gateway` is refused, as there is no engine.",
    ),
  },
  network: {
    arity: "value",
    value: "MODE",
    help: "network of RUN: default, none or host",
    docker: "`default`, `none` or `host`.",
    slipway: needs(
      "network-none",
      "`default`, and `host` (said once), are the pod's network; `none` needs the builder.",
    ),
  },
  allow: {
    arity: "values",
    value: "ENTITLEMENT",
    help: "allow an extra privilege",
    docker: "`network.host`, `security.insecure`, `device`, `buildx.local.delete`.",
    slipway: needs("entitlements", "A pod without privileges has none to give; `buildx.local.delete` is always so."),
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
    docker: "Exclusive with --no-cache.",
    slipway: needs("no-cache-filter", "The same. Without a cache, every builder does."),
  },
  "cache-from": {
    arity: "values",
    value: "REF|type=TYPE,…",
    help: "use layers kept there",
    docker: "A registry reference, or a cache of type registry, local, inline, gha, s3, azblob.",
    slipway: needs(
      ["cache-registry", "cache-redis", "cache-elsewhere"],
      "As the builder can. Kaniko and Buildah keep their cache in a repository: the tag is left out. Makisu's is `type=redis,addr=HOST:PORT`.",
    ),
  },
  "cache-to": {
    arity: "values",
    value: "REF|type=TYPE,…",
    help: "keep layers there",
    docker: "As --cache-from; `mode=max` keeps those of every stage.",
    slipway: needs(["cache-registry", "cache-inline", "cache-redis", "cache-elsewhere"], "As --cache-from."),
  },
  policy: {
    arity: "values",
    value: "filename=FILE",
    docker: "Judges sources by a Rego policy.",
    slipway: refused(
      "slipway has no source policies",
      "Check sources before the build, or in the cluster's admission.",
    ),
  },
} satisfies Record<string, FlagRow>;

const DEPRECATED_FLAGS = {
  builder: {
    arity: "value",
    value: "BUILDER",
    docker: "Name of a builder instance.",
    slipway: honoured("What builds in the pod."),
  },
  debug: { arity: "nothing", char: "D", docker: "More logging.", slipway: ignored("slipway has no debug log") },
  compress: {
    arity: "nothing",
    docker: "Ignored with BuildKit.",
    slipway: silentlyIgnored("The context always travels compressed."),
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
    slipway: ignored("the pod's security context is the builder's"),
  },
  squash: {
    arity: "nothing",
    docker: "Ignored with BuildKit, with a warning.",
    slipway: ignored("squash in the Dockerfile, with a last stage that copies from the others"),
  },
  "disable-content-trust": {
    arity: "nothing",
    docker: "Gone with the classic builder: docker 29 does not know it.",
    slipway: silentlyIgnored("Signatures are not verified."),
  },
} satisfies Record<string, FlagRow>;

export const FLAG_TABLE = { ...INPUT_FLAGS, ...RESULT_FLAGS, ...RESOURCE_FLAGS, ...DEPRECATED_FLAGS };

export type DockerFlagName = keyof typeof FLAG_TABLE;
