/**
 * Makisu: like kaniko it builds in its own root file system, which it empties first. Its image has neither shell nor tar, and it does
 * not read archives: another container unpacks an archived context first. It does not read docker's config.json either.
 */
import { makisuSteps } from "./steps.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { FlagCapability } from "../../plan/docker/capabilities.ts";
import type { V1Container } from "@kubernetes/client-node";
import { BuilderUnable } from "../../errors.ts";
import { declaredArguments } from "../../lib/dockerfile/declared-arguments.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { PREDEFINED_ARGUMENTS } from "../../plan/docker/proxies.ts";
import {
  ARCHIVE_FILE,
  AUTH_VOLUME,
  CA_FILE,
  CA_VOLUME,
  CONTEXT_DIR,
  CONTEXT_VOLUME,
  DOCKERFILE_DIR,
  FILES_VOLUME,
  READY_DIR,
  WORK_VOLUME,
} from "../../plan/layout.ts";
import type { ContextForm } from "../../plan/layout.ts";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../builder.ts";
import { expandSafe } from "../arguments.ts";
import { hostAliases, sharedMemoryMounts, sharedMemoryVolumes } from "../shared-pod-settings.ts";
import { makisuFailure } from "./failure.ts";
import { makisuHost, registryConfig } from "./registries.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export const MAKISU_OPTIONS: readonly FlagCapability[] = ["add-host", "cache-redis", "shm-size"];

/** Makisu reads and writes one cache: the index of layers is in Redis, the layers are in the image's repository. */
export function optionArguments(plan: BuildPlan): string[] {
  if (plan.noCache) return ["--local-cache-ttl=0s"];
  const entry = [...(plan.cacheTo ?? []), ...(plan.cacheFrom ?? [])].find(({ type }) => type === "redis");
  if (entry === undefined) return [];
  const { addr = "", ttl } = entry.attributes;
  return [`--redis-cache-addr=${addr}`, ...(ttl === undefined ? [] : [`--redis-cache-ttl=${ttl}`])];
}

/** Whether the Dockerfile marks layers: makisu makes one at each line with this mark, and at the last line. */
export function commitsExplicitly({ dockerfile }: BuildPlan): boolean {
  return /#!COMMIT[ \t]*$/m.test(dockerfile.text ?? "");
}

/**
 * Makisu never touches files below /makisu-internal (lib/pathutils), so COPY cannot use them: the context is elsewhere. Makisu does
 * not change mount points.
 */
const MOUNTS = {
  context: "/makisu-context",
  auth: "/makisu-internal/slipway/auth",
  ca: "/makisu-internal/slipway/ca",
  files: "/makisu-internal/slipway/files",
  storage: "/makisu-storage",
} as const;
const STORAGE_VOLUME = "makisu-storage";
const REGISTRY_FILE = "registry.yaml";

/** The same as kaniko's, for the same reasons. */
const CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID"];

/** Time, level in colour, message: zap's console encoder. */
// oxlint-disable-next-line no-control-regex
const DECORATION = /^\d{4}-\d\d-\d\dT[\d:.]+Z?(?:[+-]\d{4})?\t(?:\u001b\[\d+m)?([A-Z]+)(?:\u001b\[0m)?\t/;

function makisuCautions({ dockerfile: { text }, buildArgs }: BuildPlan): string[] {
  if (text === undefined) return [];
  const { stages, escape } = parseDockerfile(text);
  const declared = stages
    .filter(({ instructions }) => instructions.some(({ keyword }) => keyword === "RUN"))
    .map(({ instructions }) => declaredArguments(instructions, escape));
  const names = buildArgs
    .map(([name]) => name)
    .filter((name) => PREDEFINED_ARGUMENTS.has(name) && declared.some((inStage) => !inStage.has(name)));
  if (names.length === 0) return [];
  const lines = names.map((name) => `ARG ${name}`).join(", ");
  return [`makisu gives ${names.join(", ")} only to stages that declare them: write ${lines} after FROM`];
}

export const makisu: Builder = {
  name: "makisu",
  cacheInstead: ["Or keep its cache in Redis: --cache-to type=redis,addr=HOST:PORT."],
  defaultImage: "gcr.io/uber-container-tools/makisu:v0.4.2",
  whyNotRestricted: "it sets the owner of every file, which needs capabilities",
  mountsFiles: true,
  supports: new Set(["build", "provenance", "push", "sbom", ...MAKISU_OPTIONS]),
  caution: "makisu keeps a copied file in the image even if a later RUN removes it",
  cautions: makisuCautions,
  // It is not known which files of the context makisu reads besides the sources of COPY and ADD.
  readsAll: "makisu may read other files of the context",

  check(plan: BuildPlan): void {
    const refuse = (what: string, ...suggestions: string[]): never => {
      throw new BuilderUnable(`makisu ${what}`, { suggestions });
    };
    const others = "Or use another builder: all others can do it.";
    if (plan.tags.length === 0) refuse("only builds images that are pushed", "Give the image a name with -t.", others);
    if (plan.labels.length > 0)
      refuse("cannot set labels from the command line", "Write LABEL in the Dockerfile.", others);
    if (plan.platform !== undefined || plan.platforms !== undefined) {
      refuse(
        "does not support --platform",
        "Remove --platform: the base image and the node decide the platform, see docs/guides/several-platforms.md.",
        others,
      );
    }
    for (const [name, value] of plan.buildArgs) {
      if (value.includes("=")) refuse(`cannot take --build-arg ${name}: its value has an equals sign`, others);
      if (value.includes("$"))
        refuse(`cannot take --build-arg ${name}: it would change a value with a dollar sign`, others);
    }
    if (plan.credentials.kind === "secret") {
      refuse(
        "cannot read a Secret with docker's configuration",
        "Remove --registry-secret and log in with `slipway login`.",
        others,
      );
    }
  },

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    const root = form === "archive" ? MOUNTS.context : `${MOUNTS.context}/${READY_DIR}`;
    const ca = plan.registries.ca === undefined ? undefined : `${MOUNTS.ca}/${CA_FILE}`;
    const render = (dockerConfig: string): string => registryConfig(plan.registries, ca, dockerConfig);
    const shipped = plan.credentials.kind !== "none";
    const container: V1Container = {
      name: "makisu",
      image: plan.builderImage,
      args: makisuArguments(plan, root, `${shipped ? MOUNTS.auth : MOUNTS.files}/${REGISTRY_FILE}`).map(expandSafe),
      // The certificates of the image. Without this, makisu ignores them if other certificates are given.
      env: [{ name: "SSL_CERT_FILE", value: "/makisu-internal/certs/cacerts.pem" }],
      volumeMounts: [
        { name: form === "archive" ? WORK_VOLUME : CONTEXT_VOLUME, mountPath: MOUNTS.context },
        { name: STORAGE_VOLUME, mountPath: MOUNTS.storage },
        shipped
          ? { name: AUTH_VOLUME, mountPath: MOUNTS.auth, readOnly: true }
          : { name: FILES_VOLUME, mountPath: MOUNTS.files, readOnly: true },
        ...(ca === undefined ? [] : [{ name: CA_VOLUME, mountPath: MOUNTS.ca, readOnly: true }]),
        ...sharedMemoryMounts(plan),
      ],
      securityContext: {
        runAsUser: 0,
        runAsGroup: 0,
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"], add: CAPABILITIES },
        seccompProfile: { type: "RuntimeDefault" },
      },
    };
    return {
      container,
      volumes: [
        { name: STORAGE_VOLUME, emptyDir: {} },
        ...(form === "archive" ? [{ name: WORK_VOLUME, emptyDir: {} }] : []),
        ...sharedMemoryVolumes(plan),
      ],
      ...(plan.hosts === undefined ? {} : { pod: hostAliases(plan) }),
      ...(form === "archive" ? { initContainers: [unpacker(plan)] } : {}),
      ...(shipped ? { credentialFile: { name: REGISTRY_FILE, render } } : { files: { [REGISTRY_FILE]: render("{}") } }),
    };
  },

  receiver() {
    return { user: 0, group: 0 };
  },

  formatLogLine: (line: string): string =>
    line
      .replace(DECORATION, (_, level: string) => (level === "INFO" ? "" : `${level}: `))
      // A cache that does not have the layer yet is not a fault.
      .replace(
        /^ERROR: (?=Failed to fetch intermediate layer with cache ID \S+: find layer \S+: layer not found in cache$)/,
        "",
      )
      // The state of an upload is long, and only the registry understands it.
      .replace(/\?_state=[^\s"]*/, ""),

  steps: (stages) => makisuSteps(stages, (line) => makisu.formatLogLine(line)),

  outcome(end: ContainerEnd): Outcome {
    if (end.exitCode !== 0) return makisuFailure(end);
    const pushed = end.tail.findLast((line) => /(?:Finished pushing|Skipped pushing existing) image config/.test(line));
    const configDigest = /sha256:[0-9a-f]{64}/.exec(pushed ?? "")?.[0];
    return { kind: "pushed", ...omitUndefined({ configDigest }) };
  },
};

function unpacker(plan: BuildPlan): V1Container {
  return {
    name: "unpack-context",
    image: plan.helperImage,
    command: ["tar", "-xzpf", `/slipway/context/${ARCHIVE_FILE}`, "-C", "/slipway/work"],
    volumeMounts: [
      { name: CONTEXT_VOLUME, mountPath: "/slipway/context", readOnly: true },
      { name: WORK_VOLUME, mountPath: "/slipway/work" },
    ],
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

function makisuArguments(plan: BuildPlan, root: string, registries: string): string[] {
  const [first, ...others] = plan.tags;
  const args = [
    "build",
    "--log-fmt=console",
    "--modifyfs=true",
    `--commit=${commitsExplicitly(plan) ? "explicit" : "implicit"}`,
    `--storage=${MOUNTS.storage}`,
    `--registry-config=${registries}`,
    `--file=${root}/${DOCKERFILE_DIR}/Dockerfile`,
  ];
  if (first === undefined) args.push("--tag=slipway-build:latest");
  else args.push(`--tag=${first.repository}:${first.tag}`, `--push=${makisuHost(first.registry)}`);
  for (const tag of others) args.push(`--replica=${makisuHost(tag.registry)}/${tag.repository}:${tag.tag}`);
  if (plan.target !== undefined) args.push(`--target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--build-arg=${name}=${value}`);
  args.push(...optionArguments(plan));
  args.push(`${root}/${CONTEXT_DIR}`);
  return args;
}
