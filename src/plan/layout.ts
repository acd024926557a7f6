/**
 * What the parts of a build agree on: transports by name, the form in which the context arrives, and the pod's volumes with
 * what lies on them. The Job's file makes the volumes; the builder decides where they are mounted.
 */

/** Those that may be asked for. */
export const TRANSPORTS = ["configmap", "stream", "pvc", "cache"] as const;
export type TransportName = (typeof TRANSPORTS)[number] | "none";

/** Name of the pod's volume that holds the context, whatever the transport. */
export const CONTEXT_VOLUME = "context";
/** Name of the archive in a ConfigMap. */
export const ARCHIVE_FILE = "context.tar.gz";
/** In the archive, and so under the volume: the context's files. */
export const CONTEXT_DIR = "context";
/** In the archive: the Dockerfile and an ignore file with only a comment, beside the context. */
export const DOCKERFILE_DIR = "dockerfile";
/** In the archive: the directories of `--build-context`, each under its number. */
export const NAMED_DIR = "contexts";
/** Under a receiving volume, what was received whole and verified. */
export const READY_DIR = "ready";

/** In what form the builder finds the context on the volume. */
export type ContextForm =
  /** A tar.gz named ARCHIVE_FILE at the root of the volume. */
  | "archive"
  /** Unpacked below READY_DIR. */
  | "directory"
  /** Not at all: the builder fetches the plan's repository. */
  | "none";

/** Name of the container that receives a streamed context before the builder starts. */
export const RECEIVER = "receive-context";
/** Last entry of the archive. Without it the archive was cut, whatever tar's exit code is. */
export const MARKER = ".slipway-complete";

/** Docker config.json with the registries' credentials; there only when the plan has credentials. */
export const AUTH_VOLUME = "registry-auth";
/** The extra certificates, as CA_FILE; there only when the plan has some. */
export const CA_VOLUME = "registry-ca";
export const CA_FILE = "ca.crt";
/** Secrets of the build as files named by their ids; there only when the plan has some. */
export const SECRETS_VOLUME = "build-secrets";
/** In the build's own Secret: the key of one of its secrets, whose id has the letters a key may have. */
export function secretKey(id: string): string {
  return `build-secret.${id}`;
}
/** Keys of `--ssh` as files, `ID/NUMBER`; there only when the plan has some. */
export const SSH_VOLUME = "build-ssh";
/** A volume that outlives the build; there only when the plan names one. Each builder has a directory of its own name there. */
export const CACHE_VOLUME = "cache";
/** Where a builder writes what is to come to the client; there only when the plan has exports. */
export const EXPORT_VOLUME = "export";
/** On it: the archive `docker load` takes, the OCI layout as a directory, and a tar of the last stage's files. */
export const EXPORT_DOCKER = "docker.tar";
export const EXPORT_OCI = "oci";
export const EXPORT_FILES = "files.tar";

/** The text files a builder asked for (BuilderPod.files), under their names; there only when there are some. */
export const FILES_VOLUME = "builder-files";
/** An empty directory of the pod's own, for a builder that unpacks the context itself or keeps its state there. */
export const WORK_VOLUME = "work";
