/**
 * Names that all parts of a build share: the form of the context in the pod, and the pod's volumes with the files on
 * them. run/ makes the volumes; the builder decides where they are mounted.
 */

/** Name of the pod's volume with the context, for every transport. */
export const CONTEXT_VOLUME = "context";
/** Name of the archive in a ConfigMap. */
export const ARCHIVE_FILE = "context.tar.gz";
/** Directory of the context's files, in the archive and so on the volume. */
export const CONTEXT_DIR = "context";
/** Directory in the archive with the Dockerfile and an ignore file that has only a comment. */
export const DOCKERFILE_DIR = "dockerfile";
/** Directory in the archive with the directories of `--build-context`, each named by its number. */
export const NAMED_DIR = "contexts";
/** Directory on a receiving volume with the files that arrived complete and were verified. */
export const READY_DIR = "ready";

/** The form in which the builder finds the context on the volume. */
export type ContextForm =
  /** A tar.gz named ARCHIVE_FILE at the root of the volume. */
  | "archive"
  /** Unpacked below READY_DIR. */
  | "directory"
  /** No context: the builder fetches the plan's repository. */
  | "none";

/** Name of the container that receives a streamed context before the builder starts. */
export const RECEIVER = "receive-context";
/** Last entry of the archive. If it is missing, the archive is incomplete, even if tar exits with 0. */
export const MARKER = ".slipway-complete";

/**
 * Directories that their owner may not write to are sent with an open mode. These files in the archive list their final modes: one
 * file per mode with NUL-terminated paths, and `pairs` for directories that their owner may not search, with alternating modes and
 * paths, the deepest first.
 */
export const MODES_DIR = "modes";
export const MODE_PAIRS = "pairs";

/** Docker config.json with the registries' credentials. Exists only if the plan has credentials. */
export const AUTH_VOLUME = "registry-auth";
/** The extra certificates, as CA_FILE. Exists only if the plan has some. */
export const CA_VOLUME = "registry-ca";
export const CA_FILE = "ca.crt";
/** Secrets of the build, as files named by their ids. Exists only if the plan has some. */
export const SECRETS_VOLUME = "build-secrets";
/** Key of one secret in the build's own Secret. Ids have only characters that a key may have. */
export function secretKey(id: string): string {
  return `build-secret.${id}`;
}
/** Keys of `--ssh`, as files `ID/NUMBER`. Exists only if the plan has some. */
export const SSH_VOLUME = "build-ssh";
/** A volume that outlives the build. Exists only if the plan names one. Each builder has a directory there, named after it. */
export const CACHE_VOLUME = "cache";
/** The builder writes files for the client here. Exists only if the plan has exports. */
export const EXPORT_VOLUME = "export";
/** On EXPORT_VOLUME: the archive for `docker load`, the OCI layout as a directory, and a tar of the last stage's files. */
export const EXPORT_DOCKER = "docker.tar";
export const EXPORT_OCI = "oci";
export const EXPORT_FILES = "files.tar";

/** The text files that a builder asked for (BuilderPod.files), under their names. Exists only if there are some. */
export const FILES_VOLUME = "builder-files";
/** An empty directory of the pod, for a builder that unpacks the context itself or keeps its state there. */
export const WORK_VOLUME = "work";

/**
 * A shell command that gives directories and files of an unpacked archive the modes in its lists, and removes the lists.
 * @param root of the unpacked archive, as the shell writes it
 */
export function closeDirectories(root: string): string {
  // `cat` pipes the lists to xargs: busybox's xargs forks chmod, which at its exit sets the file's offset back to the part that
  // xargs has not used. Without the pipe, xargs would read the file again without end.
  // `find` opens the directories first, because programs other than busybox have already set their modes, which block their content.
  return `if [ -d ${root}/${MODES_DIR} ]; then
  find ${root} -type d ! -perm -700 -exec chmod u+rwx {} \\;
  (cd ${root} && for list in ${MODES_DIR}/[0-7]*; do [ ! -e "$list" ] || cat "$list" | xargs -0 chmod "\${list#${MODES_DIR}/}" || exit 1; done &&
    { [ ! -e ${MODES_DIR}/${MODE_PAIRS} ] || cat ${MODES_DIR}/${MODE_PAIRS} | xargs -0 -n 2 chmod; } && rm -rf ${MODES_DIR})
fi`;
}
