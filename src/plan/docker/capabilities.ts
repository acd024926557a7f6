/** What a flag of `docker build` may need from a builder. A builder lists in `supports` what it can do. */
export type FlagCapability =
  /** `--add-host`. */
  | "add-host"
  /** `--annotation`, on the manifest. */
  | "annotation"
  /** `--build-context`: a directory or an image. */
  | "build-context"
  /** `--build-context NAME=URL`: the builder fetches it. */
  | "build-context-url"
  /** `--cache-from` and `--cache-to` in a registry. */
  | "cache-registry"
  /** `--cache-to type=inline`. */
  | "cache-inline"
  /** `--cache-from` and `--cache-to type=redis`: an index of layers in a Redis server. */
  | "cache-redis"
  /** `--cache-volume`: the builder's state on a persistent volume. */
  | "cache-volume"
  /** Caches in other places: `type=local`, `gha`, `s3`, `azblob`. */
  | "cache-elsewhere"
  /** `--allow`: entitlements. */
  | "entitlements"
  /** `--git-in-cluster`: the builder clones its context. */
  | "git-in-cluster"
  /** `--network none`: RUN without a network. */
  | "network-none"
  /** `--no-cache-filter` together with a cache. */
  | "no-cache-filter"
  /** `-o type=image,compression-level=…`, with gzip. */
  | "compression-level"
  /** Other attributes of `-o` that say how an image is written, and those of an archive. */
  | "image-attributes"
  /** `-o type=image,push-by-digest=true`: the image is pushed without a tag. */
  | "push-by-digest"
  /** `-o type=docker,dest=…`: the image as an archive for `docker load`. */
  | "output-docker"
  /** `-o type=oci,dest=…`: the image as an OCI layout. */
  | "output-oci"
  /** `-o type=local` and `type=tar`: the files of the last stage. */
  | "output-files"
  /** `--provenance`, `--attest type=provenance`. */
  | "provenance"
  /** `--sbom`, `--attest type=sbom`. */
  | "sbom"
  /** `--sbom generator=IMAGE`: an image that makes the SBOM. */
  | "sbom-generator"
  /** `--registry-tokens`: a bearer token in docker's configuration. */
  | "registry-token"
  /** `--secret`. */
  | "secret"
  /** `--shm-size`. */
  | "shm-size"
  /** `--build-arg SOURCE_DATE_EPOCH`: the image gets this creation time. */
  | "source-date-epoch"
  /** `--ssh`, with keys. */
  | "ssh"
  /** `--ulimit`. */
  | "ulimit";
