/**
 * Rootless BuildKit: buildkitd runs for one build, in its own user namespace that rootlesskit makes. The pod's user is 1000, with the
 * two capabilities that newuidmap needs.
 */
import type { V1EnvVar } from "@kubernetes/client-node";
import type { BuildPlan } from "../../plan/plan.ts";
import type { ContextForm } from "../../plan/layout.ts";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../builder.ts";
import { buildkitFailure } from "./failure.ts";
import { BUILDKIT_OPTIONS, contextArguments, optionArguments, outputArguments, platformOption } from "./arguments.ts";
import { digestOutcome } from "../outcome.ts";
import {
  AUTH_MOUNT,
  FILES_MOUNT,
  contextPaths,
  preparation,
  secretArguments,
  shellCommand,
  stateDirectory,
  trustedDirectories,
  unverifiedRegistries,
} from "../shell-pod.ts";
import type { ContextPaths } from "../shell-pod.ts";
import { buildkitSteps } from "./steps.ts";
import { ROOTLESS_RECEIVER, rootlessPod } from "../rootless-pod.ts";

/** Where the image keeps its state; an overlay cannot be mounted on the root file system of a container. */
export const STATE_PATH = "/home/user/.local/share/buildkit";
const STATE = { name: "buildkit-state", path: STATE_PATH };
const CONFIG_FILE = "buildkitd.toml";

/**
 * buildctl reads the context in a user namespace where the pod's user is root: BuildKit would send a file that it may not read as an
 * empty one, without an error (fsutil a72de9d, send.go: sendFile). `rootlesskit` takes longer to start, but every rootless image has it.
 */
const READ_AS_ROOT = `if unshare -r true 2>/dev/null; then root="unshare -r"; else root=rootlesskit; fi
export BUILDCTL="$root buildctl"
`;

/** From this memory of the container on, in bytes, the daemon may use more of it than it needs. */
const ROOMY_BYTES = 4 * 2 ** 30;

/**
 * Lets the daemon collect garbage less often, until it uses 1 GiB (Go's runtime package, "Environment Variables"). It allocates for each
 * file, and with Go's default the collector took a quarter of its processor time. A container with little memory keeps the default.
 */
export const COLLECT_LESS_OFTEN = `memory=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true)
if [ "$memory" = max ] || [ "\${memory:-0}" -ge ${ROOMY_BYTES} ] 2>/dev/null; then
  export GOGC="\${GOGC:-400}" GOMEMLIMIT="\${GOMEMLIMIT:-1GiB}"
fi
`;

/** buildctl replaces its metadata file with a rename, which is impossible for the mounted termination message. */
const SCRIPT = `export BUILDKITD_FLAGS="$BUILDKITD_FLAGS --root=$state"
buildctl-daemonless.sh "$@" --metadata-file /tmp/slipway-build.json
sed -n 's/.*"containerimage.digest": *"\\([^"]*\\)".*/\\1/p' /tmp/slipway-build.json > /dev/termination-log`;

/**
 * Removes the contexts of earlier builds from the state. All contexts have the same name there, and files with the same path, size and
 * time count as equal (fsutil's differ), so a build could get a file of another project. Layers are safe: they are found by content.
 */
const FORGET_CONTEXTS = `BUILDKITD_FLAGS="$BUILDKITD_FLAGS --root=$state" buildctl-daemonless.sh prune --all --filter=type==source.local >/dev/null
`;

const PUSHED = /^#\d+ pushing manifest for (\S+@sha256:[0-9a-f]{64})(?: \d+\.\d+s)? done$/;

export const buildkit: Builder = {
  name: "buildkit",
  layerCache: "tag",
  attestsItself: true,
  defaultImage: "docker.io/moby/buildkit:v0.34.2-rootless",
  whyNotRestricted: "newuidmap needs to gain capabilities",
  frontend: true,
  pushesByDigest: true,
  crossBuilds: true,
  mountsFiles: true,
  supports: new Set([
    "build",
    "git-in-cluster",
    "provenance",
    "push",
    "registry-token",
    "sbom",
    "sbom-generator",
    "secret",
    ...BUILDKIT_OPTIONS,
  ]),

  // The same as in docker, but different from a context that is sent (frontend/dockerui: Client.MainContext).
  cautions: ({ repository }: BuildPlan): string[] =>
    repository === undefined ? [] : ["buildkit does not apply a .dockerignore to a repository that it clones"],

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    const files = daemonConfig(plan);
    const script =
      preparation(form) +
      READ_AS_ROOT +
      stateDirectory(plan, STATE.path) +
      COLLECT_LESS_OFTEN +
      (plan.cacheVolume === undefined ? "" : FORGET_CONTEXTS) +
      SCRIPT;
    return rootlessPod(plan, {
      name: "buildkit",
      state: STATE,
      command: shellCommand(script, buildctlArguments(plan, form)),
      env: environment(plan, files !== undefined),
      files,
    });
  },

  receiver: () => ROOTLESS_RECEIVER,

  formatLogLine: (line: string): string => line,

  steps: buildkitSteps,

  outcome: (end: ContainerEnd): Outcome => digestOutcome(end, "buildkit", buildkitFailure),

  // A cache is exported at the same time as the image or after it, and the build fails if that fails.
  readPushed: (line: string, { cacheTo = [] }: BuildPlan): string | undefined =>
    cacheTo.length > 0 ? undefined : PUSHED.exec(line)?.[1],
};

function environment(plan: BuildPlan, configured: boolean): V1EnvVar[] {
  const flags = ["--oci-worker-no-process-sandbox", ...(configured ? [`--config=${FILES_MOUNT}/${CONFIG_FILE}`] : [])];
  return [
    { name: "BUILDKITD_FLAGS", value: flags.join(" ") },
    // The daemon usually answers after a second. The default of ten attempts ends after three seconds.
    { name: "BUILDCTL_CONNECT_RETRIES_MAX", value: "50" },
    ...(plan.credentials.kind === "none" ? [] : [{ name: "DOCKER_CONFIG", value: AUTH_MOUNT }]),
    ...trustedDirectories(plan),
  ];
}

/** The frontend reads the URL of a repository as docker does, and logs in with docker's secrets for that. */
function sourceArguments({ repository, dockerfile }: BuildPlan, paths: ContextPaths): string[] {
  if (repository === undefined) {
    return [`--local=context=${paths.context}`, `--local=dockerfile=${paths.dockerfile}`, "--opt=filename=Dockerfile"];
  }
  const file = dockerfile.path === undefined ? [] : [`--opt=filename=${dockerfile.path}`];
  return [`--opt=context=${repository.url}`, ...file];
}

/** With both settings, BuildKit tries https without verification first and then http (buildkit util/resolver: fillInsecureOpts). */
function daemonConfig(plan: BuildPlan): Record<string, string> | undefined {
  const hosts = unverifiedRegistries(plan);
  if (hosts.length === 0) return undefined;
  return { [CONFIG_FILE]: hosts.map((host) => `[registry."${host}"]\n  http = true\n  insecure = true\n`).join("") };
}

function buildctlArguments(plan: BuildPlan, form: ContextForm): string[] {
  const paths = contextPaths(form);
  const args = ["build", "--progress=plain", "--frontend=dockerfile.v0", ...sourceArguments(plan, paths)];
  args.push(...contextArguments(plan, paths.named));
  args.push(...platformOption(plan).map((text) => `--opt=platform=${text}`));
  if (plan.target !== undefined) args.push(`--opt=target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--opt=build-arg:${name}=${value}`);
  for (const [key, value] of plan.labels) args.push(`--opt=label:${key}=${value}`);
  args.push(...secretArguments(plan));
  if (plan.noCache) args.push("--no-cache");
  args.push(...optionArguments(plan), ...outputArguments(plan));
  return args;
}
