/** Media types of manifests and indexes: OCI image-spec 1.1 (media-types.md), and Docker's image manifest version 2, schema 2. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json";

/** Value of an Accept header for the manifest of one image. */
export const ACCEPT_IMAGE = [OCI_MANIFEST, DOCKER_MANIFEST].join(", ");

/** Value of an Accept header for an image or an index of several. */
export const ACCEPT_ANY = [OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST].join(", ");

/** Whether a media type is that of an index of several images. */
export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX;
}
