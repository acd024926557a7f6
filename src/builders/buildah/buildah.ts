/**
 * Buildah with chroot isolation: root in its own container. Without SYS_ADMIN it makes its own user namespace
 * (go.podman.io/storage/pkg/unshare: MaybeReexecUsingUserNamespace), so the node has to allow unshare and mount.
 */
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { ContextForm } from "../../plan/layout.ts";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../builder.ts";
import { BUILDAH_OPTIONS, contextArguments, exportScript, optionArguments, refuseContexts } from "./arguments.ts";
import { buildahFailure } from "./failure.ts";
import { digestOutcome, refuseSeveralNames } from "../outcome.ts";
import { platformText } from "../../lib/image/platform.ts";
import { sharedMemoryMounts, sharedMemoryVolumes } from "../shared-pod-settings.ts";
import { buildahSteps } from "./steps.ts";
import {
  AUTH_MOUNT,
  FILES_MOUNT,
  WORK_MOUNT,
  contextPaths,
  preparation,
  secretArguments,
  shellCommand,
  shellMounts,
  stateDirectory,
  trustedDirectories,
  unverifiedRegistries,
  workVolume,
} from "../shell-pod.ts";

const STORE = { name: "buildah-store", path: "/var/lib/containers" };
const REGISTRIES_FILE = "registries.conf";

/** The capabilities in the image's label io.containers.capabilities: those of a container under docker or podman. */
const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/** Local name of the image, until it is pushed under its real names. */
const LOCAL_NAME = "localhost/slipway-build";

/** An archive for docker has the local name of the image. */
function localName({ tags, exports = [] }: BuildPlan): string {
  return (exports.some(({ format }) => format === "docker") && tags[0]?.toString()) || LOCAL_NAME;
}

/** The script prints this before an image that it has pushed. */
const PUSHED = "Pushed";
const PUSHED_LINE = /^Pushed (\S+@sha256:[0-9a-f]{64})$/;

export const buildah: Builder = {
  name: "buildah",
  layerCache: "repository",
  defaultImage: "quay.io/containers/buildah:v1.43.2",
  whyNotRestricted: "it needs capabilities for chroot and to change users",
  mountsFiles: true,
  supports: new Set(["build", "provenance", "push", "sbom", "secret", ...BUILDAH_OPTIONS]),

  check(plan: BuildPlan): void {
    refuseSeveralNames("buildah", plan);
    refuseContexts(plan);
  },

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    const container = {
      name: "buildah",
      image: plan.builderImage,
      ...shellCommand(preparation(form) + stateDirectory(plan, STORE.path) + script(plan), buildArguments(plan, form)),
      env: [
        { name: "BUILDAH_ISOLATION", value: "chroot" },
        // Buildah mounts overlays over the context and its temporary files, which is impossible on another overlay.
        { name: "TMPDIR", value: `${WORK_MOUNT}/tmp` },
        { name: "HOME", value: "/root" },
        ...(plan.credentials.kind === "none"
          ? []
          : [{ name: "REGISTRY_AUTH_FILE", value: `${AUTH_MOUNT}/config.json` }]),
        ...trustedDirectories(plan),
      ],
      volumeMounts: [
        ...shellMounts(plan, true),
        { name: STORE.name, mountPath: STORE.path },
        ...sharedMemoryMounts(plan),
      ],
      securityContext: {
        runAsUser: 0,
        runAsGroup: 0,
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"], add: CAPABILITIES },
      },
    };
    return {
      container,
      volumes: [workVolume, { name: STORE.name, emptyDir: {} }, ...sharedMemoryVolumes(plan)],
      files: { [REGISTRIES_FILE]: registriesConfig(plan) },
    };
  },

  receiver() {
    return { user: 0, group: 0 };
  },

  formatLogLine: (line: string): string => line,

  steps: buildahSteps,

  outcome: (end: ContainerEnd): Outcome => digestOutcome(end, "buildah", buildahFailure),

  readPushed: (line: string): string | undefined => PUSHED_LINE.exec(line)?.[1],
};

/** Uses overlayfs if the node allows it, else a copy of each layer, which is slow but always works. */
function script(plan: BuildPlan): string {
  const name = `'${localName(plan)}'`;
  const push = (to: string, ...flags: string[]): string =>
    ["$buildah push --digestfile=/dev/termination-log", ...flags, name, to].join(" ");
  const level = plan.imageAttributes?.["compression-level"];
  const how = level === undefined ? [] : [`--compression-level=${level}`];
  // Buildah does not print the digest.
  const pushed = (pushes(plan) ? plan.tags : []).map(
    (tag) =>
      `${push(`'docker://${tag.toString()}'`, ...how)}\necho '${PUSHED} ${tag.toString()}'"@$(cat /dev/termination-log)"`,
  );
  // The last digest counts: the one in the registry, if there is one.
  const ends = [...exportScript(plan, push), ...pushed];
  if (ends.length === 0) ends.push(`${push(`oci:${WORK_MOUNT}/thrown-away`)} >/dev/null`);
  return `mkdir -p "$TMPDIR" ${WORK_MOUNT}/none
driver=overlay
buildah --storage-driver=overlay info >/dev/null 2>&1 || driver=vfs
buildah="buildah --root=$state/$driver --storage-driver=$driver --registries-conf=${FILES_MOUNT}/${REGISTRIES_FILE} --registries-conf-dir=${WORK_MOUNT}/none"
$buildah build "$@"
${ends.join("\n")}`;
}

function buildArguments(plan: BuildPlan, form: ContextForm): string[] {
  const paths = contextPaths(form);
  const args = [
    // The OCI configuration has no HEALTHCHECK, ONBUILD or SHELL.
    "--format=docker",
    `--file=${paths.dockerfile}/Dockerfile`,
    `--ignorefile=${paths.dockerfile}/Dockerfile.dockerignore`,
    `--tag=${localName(plan)}`,
  ];
  if (plan.platform !== undefined) args.push(`--platform=${platformText(plan.platform)}`);
  if (plan.target !== undefined) args.push(`--target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--build-arg=${name}=${value}`);
  for (const [key, value] of plan.labels) args.push(`--label=${key}=${value}`);
  args.push(...contextArguments(plan, paths.named));
  args.push(...secretArguments(plan));
  args.push(...optionArguments(plan));
  if (plan.noCache) args.push("--no-cache");
  args.push(paths.context);
  return args;
}

/** Short names mean Docker Hub, as in docker. The image's own configuration may search other registries. */
function registriesConfig(plan: BuildPlan): string {
  const insecure = unverifiedRegistries(plan).map((host) => `\n[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
  return `unqualified-search-registries = ["docker.io"]\nshort-name-mode = "permissive"\n${insecure.join("")}`;
}
