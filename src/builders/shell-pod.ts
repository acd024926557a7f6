/**
 * What the builders that run under a shell have in common: where their volumes are, how a context that came as an archive is
 * unpacked, and how values reach the script, which is always as arguments, never as text of the script.
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
} from "../plan/layout.ts";
import type { ContextForm } from "../plan/layout.ts";
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
  /** The directory that holds the file named Dockerfile. */
  readonly dockerfile: string;
  /** The directory that holds those of `--build-context`, each under its number. */
  readonly named: string;
}

export function contextPaths(form: ContextForm): ContextPaths {
  const root = form === "archive" ? WORK_MOUNT : `${CONTEXT_MOUNT}/${READY_DIR}`;
  return { context: `${root}/${CONTEXT_DIR}`, dockerfile: `${root}/${DOCKERFILE_DIR}`, named: `${root}/${NAMED_DIR}` };
}

/** Beginning of a builder's script: stops at the first command that fails, and unpacks the context if it is packed. */
export function preparation(form: ContextForm): string {
  // Of a user that is not root busybox's tar takes the mask into account, whatever -p says.
  const unpack =
    form === "archive" ? `(umask 0; exec tar -xzpf ${CONTEXT_MOUNT}/${ARCHIVE_FILE} -C ${WORK_MOUNT})\n` : "";
  return `set -e\n${unpack}`;
}

/**
 * Lines of a script that set `state` to the directory for the builder's state. On a volume of the user's one build at a time may
 * have it: the others wait for the lock, which the kernel takes from a process that dies, whatever becomes of its pod. The
 * directory is one below the mount because a volume given to the pod's group has its setgid bit set, and what is made in
 * such a directory inherits it, down to the directories of an image.
 */
export function stateDirectory({ builder, cacheVolume }: BuildPlan, own: string): string {
  if (cacheVolume === undefined) return `state=${own}/state\nmkdir -p $state && chmod g-s $state\n`;
  return `state=${CACHE_MOUNT}/${builder}
mkdir -p $state && chmod g-s $state
command -v flock >/dev/null || { echo "this image has no flock, without which two builds could not share a volume" >&2; exit 1; }
exec 9>$state.lock
flock -n 9 || { echo "waiting for another build to end that uses the volume ${cacheVolume}"; flock 9; }
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

/** `--secret`s in the words that buildctl and buildah share. Ids have no character that CSV or Kubernetes would read as its own. */
export function secretArguments(plan: BuildPlan): string[] {
  return (plan.secrets ?? []).map(({ id }) => `--secret=id=${id},src=${SECRETS_MOUNT}/${id}`);
}

/** `--ssh` in the words that buildctl and buildah share; each of the keys is a file of the volume. */
export function sshArguments(plan: BuildPlan): string[] {
  return (plan.ssh ?? []).map(
    ({ id, paths }) => `--ssh=${id}=${paths.map((_, at) => `${SSH_MOUNT}/${id}/${at}`).join(",")}`,
  );
}

/** Go reads the certificates of these directories besides the bundle it finds (crypto/x509, root_unix.go). */
export function trustedDirectories(plan: BuildPlan): V1EnvVar[] {
  return plan.registries.ca === undefined ? [] : [{ name: "SSL_CERT_DIR", value: `${CA_MOUNT}:/etc/ssl/certs` }];
}

/**
 * The registries to speak to over http, or https without verification: what was asked for, and the private addresses that
 * kaniko would try http on by itself. Where certificates were given to verify by, nothing is left unverified unasked.
 */
export function unverifiedRegistries({ registries }: BuildPlan): string[] {
  const local = registries.ca === undefined ? registries.hosts.filter(isLocalRegistry) : [];
  return [...new Set([...registries.insecure, ...local])];
}

/**
 * A volume claim belongs to root until the kubelet gives it to the pod's group; an empty directory is everybody's. It is given
 * once: what is kept may hold many files, and those of a builder's state have owners and modes of their own.
 */
export function volumeGroup(plan: BuildPlan, group: number): Pick<V1PodSpec, "securityContext"> {
  const claimed = plan.transport === "pvc" || plan.transport === "cache" || plan.cacheVolume !== undefined;
  return claimed ? { securityContext: { fsGroup: group, fsGroupChangePolicy: "OnRootMismatch" } } : {};
}
