/** The pod's volumes every builder may mount, by name. The Job's file makes them; the builder says where they go. */

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
