/**
 * Kaniko runs as root in its own container, without mounts and without its own namespaces. Every volume is mounted below /kaniko:
 * kaniko ignores all paths in /proc/self/mountinfo, so the image would lose the files of any other mount point.
 */
import { kanikoSteps } from "./steps.ts";
import type { V1Container, V1VolumeMount } from "@kubernetes/client-node";
import { BuilderUnable } from "../../errors.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { ARCHIVE_FILE, CONTEXT_DIR, CONTEXT_VOLUME, DOCKERFILE_DIR, READY_DIR } from "../../plan/layout.ts";
import type { ContextForm } from "../../plan/layout.ts";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../builder.ts";
import { digestOutcome } from "../outcome.ts";
import {
  KANIKO_OPTIONS,
  optionArguments,
  optionMounts,
  optionPod,
  registryArguments,
  registryMounts,
} from "./arguments.ts";
import { kanikoCautions } from "./cautions.ts";
import { kanikoFailure } from "./failure.ts";
import { refuseRepository, repositoryArguments, repositoryEnvironment } from "./repository.ts";
import { expandSafe } from "../arguments.ts";

/** Kaniko unpacks a `tar://` context here (pkg/constants: BuildContextDir). */
const UNPACKED_BY_KANIKO = "/kaniko/buildcontext";
const CONTEXT_MOUNT = "/kaniko/slipway";

/**
 * What fails without each. CHOWN: extracting a base image. DAC_OVERRIDE: files in directories of other users. FOWNER: chmod of files
 * of other users. FSETID: the setgid bit is lost silently. SETUID and SETGID: `USER`. SETFCAP: file capabilities of a base image.
 * KILL: ending processes that a RUN of another user left.
 */
const CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID"];

/**
 * Kaniko's switches for docker's behaviour (its README, "BuildKit compatibility"). An older kaniko only logs that it does not know
 * a switch.
 */
const FEATURES = [
  "FF_KANIKO_COPY_AS_ROOT",
  "FF_KANIKO_CHOWN_ON_IMPLICIT_DIRS",
  "FF_KANIKO_COPY_CHMOD_ON_IMPLICIT_DIRS",
  "FF_KANIKO_EXPAND_HEREDOC",
  "FF_KANIKO_RUN_HONOR_GROUP",
  "FF_KANIKO_UNTAR_SKIP_ROOT",
];

/** If kaniko v1.24 skips unused stages, it renumbers the stages and does not find `--from=0` (skipUnusedStages). */
const COPIES_BY_NUMBER = /--from=["']?\d+\b/;

/** The prefix of logrus: the level in colour, and the seconds since the start. */
// oxlint-disable-next-line no-control-regex
const DECORATION = /^\u001b\[\d+m(\w+)\u001b\[0m\[(\d+)\] ?/;

/** Logrus pads its text with spaces. */
// oxlint-disable-next-line no-control-regex
const PUSHED = /^\u001b\[\d+mINFO\u001b\[0m\[\d+\] Pushed (\S+@sha256:[0-9a-f]{64}) *$/;

export const kaniko: Builder = {
  name: "kaniko",
  layerCache: "repository",
  defaultImage: "ghcr.io/osscontainertools/kaniko:v1.28.3",
  supports: new Set(["build", "git-in-cluster", "push", ...KANIKO_OPTIONS]),
  // It has secret mounts since v1.26.3, and they are enabled since v1.27.0.
  since: { secret: "1.27.0" },
  gitTokenInVariable: true,
  cautions: kanikoCautions,
  check(plan: BuildPlan): void {
    refuseRepository(plan);
    refuseLevel(plan);
  },

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    const container: V1Container = {
      name: "kaniko",
      image: plan.builderImage,
      args: kanikoArguments(plan, form).map(expandSafe),
      env: [...FEATURES.map((name) => ({ name, value: "true" })), ...repositoryEnvironment(plan)],
      volumeMounts: mounts(plan, form),
      securityContext: {
        runAsUser: 0,
        runAsGroup: 0,
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: plan.restricted === true ? { drop: ["ALL"] } : { drop: ["ALL"], add: CAPABILITIES },
        seccompProfile: { type: "RuntimeDefault" },
      },
    };
    return {
      container,
      ...optionPod(plan),
    };
  },

  receiver({ restricted }: BuildPlan) {
    return { user: 0, group: 0, ...(restricted === true ? { restricted: true } : {}) };
  },

  formatLogLine(line: string): string {
    const decorated = DECORATION.exec(line);
    return decorated === null ? line : `${decorated[1]}[${decorated[2]}] ${line.slice(decorated[0].length).trimEnd()}`;
  },

  steps: kanikoSteps,

  // After the last of these lines kaniko only ends. A layer for the cache is pushed to another repository, or has another digest.
  readPushed: (line: string): string | undefined => PUSHED.exec(line)?.[1],

  // Kaniko writes the digest before it pushes, so the digest does not prove a successful push.
  outcome: (end: ContainerEnd): Outcome => digestOutcome(end, "kaniko", kanikoFailure),
};

/** Kaniko takes 0 for "not given" (pkg/executor: build.go). @throws BuilderUnable */
function refuseLevel({ imageAttributes }: BuildPlan): void {
  if (imageAttributes?.["compression-level"] !== "0") return;
  throw new BuilderUnable("kaniko cannot do --output compression-level=0", {
    suggestions: [
      "Write compression-level=1, which is kaniko's own level.",
      "Or use --builder buildkit or --builder buildah.",
    ],
  });
}

function mounts(plan: BuildPlan, form: ContextForm): V1VolumeMount[] {
  const list: V1VolumeMount[] =
    form === "none" ? [] : [{ name: CONTEXT_VOLUME, mountPath: CONTEXT_MOUNT, readOnly: true }];
  list.push(...registryMounts(plan));
  return [...list, ...optionMounts(plan)];
}

function kanikoArguments(plan: BuildPlan, form: ContextForm): string[] {
  const args = contextArguments(plan, form);
  args.push(
    "--digest-file=/dev/termination-log",
    // The only format with short lines (`INFO[0003] …`). formatLogLine() removes the colours.
    "--log-format=color",
    // Kaniko refuses to run outside of a container, and may not detect this one.
    "--force",
    // A failed push of a built image is expensive, and a retry is cheap.
    "--push-retry=3",
    "--image-download-retry=3",
    // Nothing is mounted at /var/run, because the pod has no token.
    "--ignore-var-run=false",
  );
  const { text } = plan.dockerfile;
  if (text !== undefined && !COPIES_BY_NUMBER.test(text)) args.push("--skip-unused-stages");
  if (!pushes(plan)) args.push("--no-push");
  for (const tag of plan.tags) args.push(`--destination=${tag.toString()}`);
  if (plan.target !== undefined) args.push(`--target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--build-arg=${name}=${value}`);
  for (const [key, value] of plan.labels) args.push(`--label=${key}=${value}`);
  args.push(...registryArguments(plan));
  args.push(...optionArguments(plan));
  return args;
}

function contextArguments({ repository, dockerfile }: BuildPlan, form: ContextForm): string[] {
  if (repository !== undefined) return repositoryArguments(repository, dockerfile.path);
  return form === "archive" ? fromArchive() : fromDirectory();
}

function fromArchive(): string[] {
  return [
    `--context=tar://${CONTEXT_MOUNT}/${ARCHIVE_FILE}`,
    `--context-sub-path=${CONTEXT_DIR}`,
    `--dockerfile=${UNPACKED_BY_KANIKO}/${DOCKERFILE_DIR}/Dockerfile`,
  ];
}

function fromDirectory(): string[] {
  return [
    `--context=dir://${CONTEXT_MOUNT}/${READY_DIR}/${CONTEXT_DIR}`,
    `--dockerfile=${CONTEXT_MOUNT}/${READY_DIR}/${DOCKERFILE_DIR}/Dockerfile`,
  ];
}
