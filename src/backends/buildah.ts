/**
 * Buildah with chroot isolation: root in its own container, which makes itself a user namespace because it has no SYS_ADMIN
 * (go.podman.io/storage/pkg/unshare: MaybeReexecUsingUserNamespace). So unshare and mount have to be allowed by the node.
 */
import { pushes } from "../build/plan.ts";
import type { BuildPlan } from "../build/plan.ts";
import type { ContextForm } from "../transport/transport.ts";
import type { Backend, BuilderPod, ContainerEnd, Outcome } from "./backend.ts";
import { buildahFailure } from "./buildah-failure.ts";
import { digestOutcome } from "./digest-outcome.ts";
import { platformText } from "./platform-text.ts";
import {
  AUTH_MOUNT,
  FILES_MOUNT,
  WORK_MOUNT,
  contextPaths,
  preparation,
  secretArguments,
  shellCommand,
  shellMounts,
  trustedDirectories,
  unverifiedRegistries,
  workVolume,
} from "./shell-pod.ts";

const STORE = { name: "buildah-store", path: "/var/lib/containers" };
const REGISTRIES_FILE = "registries.conf";

/** The capabilities the image asks for in its label io.containers.capabilities: those of a container under docker or podman. */
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

/** What the image was built as: its name here, until it is pushed under the names it is to have. */
const LOCAL_NAME = "localhost/slipway-build";

export const buildah: Backend = {
  name: "buildah",
  defaultImage: "quay.io/containers/buildah:v1.43.2",
  supports: new Set(["build", "push", "secret"]),

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    const container = {
      name: "buildah",
      image: plan.builderImage,
      ...shellCommand(preparation(form) + script(plan), buildArguments(plan, form)),
      env: [
        { name: "BUILDAH_ISOLATION", value: "chroot" },
        // Buildah mounts overlays over the context and its temporary files, which it cannot over another overlay.
        { name: "TMPDIR", value: `${WORK_MOUNT}/tmp` },
        { name: "HOME", value: "/root" },
        ...(plan.credentials.kind === "none"
          ? []
          : [{ name: "REGISTRY_AUTH_FILE", value: `${AUTH_MOUNT}/config.json` }]),
        ...trustedDirectories(plan),
      ],
      volumeMounts: [...shellMounts(plan, true), { name: STORE.name, mountPath: STORE.path }],
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
      volumes: [workVolume, { name: STORE.name, emptyDir: {} }],
      files: { [REGISTRIES_FILE]: registriesConfig(plan) },
      receiver: { user: 0, group: 0 },
    };
  },

  readable: (line: string): string => line,

  outcome: (end: ContainerEnd): Outcome => digestOutcome(end, "buildah", buildahFailure),
};

/** An overlay of the kernel's where it can be had, else a copy of each layer, which is slow and always works. */
function script(plan: BuildPlan): string {
  const push = !pushes(plan)
    ? `$buildah push --digestfile=/dev/termination-log ${LOCAL_NAME} oci:${WORK_MOUNT}/thrown-away >/dev/null`
    : plan.tags
        .map((tag) => `$buildah push --digestfile=/dev/termination-log ${LOCAL_NAME} 'docker://${tag.toString()}'`)
        .join("\n");
  return `mkdir -p "$TMPDIR" ${WORK_MOUNT}/none
driver=overlay
buildah --storage-driver=overlay info >/dev/null 2>&1 || driver=vfs
buildah="buildah --storage-driver=$driver --registries-conf=${FILES_MOUNT}/${REGISTRIES_FILE} --registries-conf-dir=${WORK_MOUNT}/none"
$buildah build "$@"
${push}`;
}

function buildArguments(plan: BuildPlan, form: ContextForm): string[] {
  const paths = contextPaths(form);
  const args = [
    // OCI's configuration has no HEALTHCHECK, ONBUILD or SHELL.
    "--format=docker",
    `--file=${paths.dockerfile}/Dockerfile`,
    `--ignorefile=${paths.dockerfile}/Dockerfile.dockerignore`,
    `--tag=${LOCAL_NAME}`,
  ];
  if (plan.platform !== undefined) args.push(`--platform=${platformText(plan.platform)}`);
  if (plan.target !== undefined) args.push(`--target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--build-arg=${name}=${value}`);
  for (const [key, value] of plan.labels) args.push(`--label=${key}=${value}`);
  args.push(...secretArguments(plan));
  if (plan.noCache) args.push("--no-cache");
  args.push(paths.context);
  return args;
}

/** Short names are Docker Hub's, as docker has it; an image's own configuration may know others. */
function registriesConfig(plan: BuildPlan): string {
  const insecure = unverifiedRegistries(plan).map((host) => `\n[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
  return `unqualified-search-registries = ["docker.io"]\nshort-name-mode = "permissive"\n${insecure.join("")}`;
}
