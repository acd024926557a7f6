/**
 * The common part of builders that run a shell script: the mounts of their volumes, how an archived context is unpacked, and how
 * values reach the script: always as arguments, never as text of the script.
 */
import type { V1EnvVar, V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { isLocalRegistry } from "../lib/image/registry-host.ts";
import {
  ARCHIVE_FILE,
  AUTH_VOLUME,
  CACHE_VOLUME,
  CA_VOLUME,
  CONTEXT_DIR,
  CONTEXT_VOLUME,
  DOCKERFILE_DIR,
  EXPORT_VOLUME,
  FILES_VOLUME,
  NAMED_DIR,
  READY_DIR,
  SECRETS_VOLUME,
  SSH_VOLUME,
  WORK_VOLUME,
  closeDirectories,
} from "../plan/layout.ts";
import type { ContextForm } from "../plan/layout.ts";
import { mountsClaim } from "../plan/transports.ts";
import { expandSafe } from "./arguments.ts";

export const CONTEXT_MOUNT = "/slipway/context";
export const WORK_MOUNT = "/slipway/work";
export const AUTH_MOUNT = "/slipway/auth";
export const CA_MOUNT = "/slipway/ca";
export const FILES_MOUNT = "/slipway/files";
const SECRETS_MOUNT = "/slipway/secrets";
export const EXPORT_MOUNT = "/slipway/export";
const SSH_MOUNT = "/slipway/ssh";
const CACHE_MOUNT = "/slipway/cache";

export interface ContextPaths {
  readonly context: string;
  /** The directory with the file named Dockerfile. */
  readonly dockerfile: string;
  /** The directory with those of `--build-context`, each named by its number. */
  readonly named: string;
}

export function contextPaths(form: ContextForm): ContextPaths {
  const root = form === "archive" ? WORK_MOUNT : `${CONTEXT_MOUNT}/${READY_DIR}`;
  return { context: `${root}/${CONTEXT_DIR}`, dockerfile: `${root}/${DOCKERFILE_DIR}`, named: `${root}/${NAMED_DIR}` };
}

/** Beginning of a builder's script: makes it stop at the first failed command, and unpacks an archived context. */
export function preparation(form: ContextForm): string {
  // For a user other than root, busybox's tar applies the umask even with -p.
  const unpack =
    form === "archive"
      ? `(umask 0; exec tar -xzpf ${CONTEXT_MOUNT}/${ARCHIVE_FILE} -C ${WORK_MOUNT})\n${closeDirectories(WORK_MOUNT)}\n`
      : "";
  return `set -e\n${unpack}`;
}

/**
 * Lines of a script that set `state` to the directory for the builder's state. On the user's volume only one build at a time may use
 * it: others wait for a lock, which the kernel releases when the process dies. The directory is below the mount, because the kubelet
 * sets the setgid bit on a volume that it gives to the pod's group. New directories would inherit the bit, also in the image.
 */
export function stateDirectory({ builder, cacheVolume }: BuildPlan, own: string): string {
  if (cacheVolume === undefined) return `state=${own}/state\nmkdir -p $state && chmod g-s $state\n`;
  return `state=${CACHE_MOUNT}/${builder}
mkdir -p $state && chmod g-s $state
command -v flock >/dev/null || { echo "this image has no flock, which builds need to share a volume" >&2; exit 1; }
exec 9>$state.lock
flock -n 9 || { echo "waiting for another build that uses the volume ${cacheVolume}"; flock 9; }
`;
}

/** A command that runs the script with the arguments as `"$@"`. */
export function shellCommand(script: string, args: readonly string[]): { command: string[]; args: string[] } {
  return { command: ["sh", "-c", expandSafe(script), "builder"], args: args.map(expandSafe) };
}

export const workVolume: V1Volume = { name: WORK_VOLUME, emptyDir: {} };

export function shellMounts(plan: BuildPlan, files: boolean): V1VolumeMount[] {
  const list: V1VolumeMount[] = [
    ...(plan.repository === undefined ? [{ name: CONTEXT_VOLUME, mountPath: CONTEXT_MOUNT, readOnly: true }] : []),
    { name: WORK_VOLUME, mountPath: WORK_MOUNT },
  ];
  if (plan.credentials.kind !== "none") list.push({ name: AUTH_VOLUME, mountPath: AUTH_MOUNT, readOnly: true });
  if (plan.registries.ca !== undefined) list.push({ name: CA_VOLUME, mountPath: CA_MOUNT, readOnly: true });
  if (plan.secrets !== undefined) list.push({ name: SECRETS_VOLUME, mountPath: SECRETS_MOUNT, readOnly: true });
  if (plan.ssh !== undefined) list.push({ name: SSH_VOLUME, mountPath: SSH_MOUNT, readOnly: true });
  if (plan.exports !== undefined) list.push({ name: EXPORT_VOLUME, mountPath: EXPORT_MOUNT });
  if (plan.cacheVolume !== undefined) list.push({ name: CACHE_VOLUME, mountPath: CACHE_MOUNT });
  if (files) list.push({ name: FILES_VOLUME, mountPath: FILES_MOUNT, readOnly: true });
  return list;
}

/** `--secret` arguments for buildctl and buildah. Ids have no characters that are special in CSV or Kubernetes. */
export function secretArguments(plan: BuildPlan): string[] {
  return (plan.secrets ?? []).map(({ id }) => `--secret=id=${id},src=${SECRETS_MOUNT}/${id}`);
}

/** `--ssh` arguments for buildctl and buildah. Each key is a file on the volume. */
export function sshArguments(plan: BuildPlan): string[] {
  return (plan.ssh ?? []).map(
    ({ id, paths }) => `--ssh=${id}=${paths.map((_, at) => `${SSH_MOUNT}/${id}/${at}`).join(",")}`,
  );
}

/** Go reads the certificates of these directories in addition to its bundle (crypto/x509, root_unix.go). */
export function trustedDirectories(plan: BuildPlan): V1EnvVar[] {
  return plan.registries.ca === undefined ? [] : [{ name: "SSL_CERT_DIR", value: `${CA_MOUNT}:/etc/ssl/certs` }];
}

/**
 * Registries with plain http, or https without verification: those of --insecure-registry, and private addresses, with which kaniko
 * also tries http. With --registry-ca only the registries of --insecure-registry are unverified.
 */
export function unverifiedRegistries({ registries }: BuildPlan): string[] {
  const local = registries.ca === undefined ? registries.hosts.filter(isLocalRegistry) : [];
  return [...new Set([...registries.insecure, ...local])];
}

/**
 * Makes the kubelet give a volume claim to the pod's group. A new claim belongs to root, while every user may write to an emptyDir.
 * It does so only once, because a kept volume may have many files, and files of a builder's state have their own owners and modes.
 */
export function volumeGroup(plan: BuildPlan, group: number): Pick<V1PodSpec, "securityContext"> {
  const claimed = mountsClaim(plan);
  return claimed ? { securityContext: { fsGroup: group, fsGroupChangePolicy: "OnRootMismatch" } } : {};
}
