/** The options of docker's flags, besides the core of a plan, as data. An absent option was not given. Has no values of secrets. */
import type { Platform } from "../../lib/image/platform.ts";

export interface DockerOptions {
  /** Absent: not specified, or several. */
  readonly platform?: Platform;
  /** Two or more: the image is an index with one image for each. */
  readonly platforms?: readonly Platform[];
  readonly hosts?: readonly HostAlias[];
  /** Absent: RUN uses the pod's network. */
  readonly network?: "none";
  readonly ulimits?: readonly Ulimit[];
  /** Size of /dev/shm in bytes. */
  readonly shmBytes?: number;
  /** Kubernetes quantities for the builder's container. */
  readonly resources?: PodResources;
  readonly pull?: boolean;
  readonly noCacheFilter?: readonly string[];
  readonly cacheFrom?: readonly CacheEntry[];
  readonly cacheTo?: readonly CacheEntry[];
  /** Annotations of the manifest. */
  readonly annotations?: readonly (readonly [key: string, value: string])[];
  /** Annotations of an image of several platforms, besides those that all its manifests have. */
  readonly indexAnnotations?: readonly PlatformAnnotation[];
  readonly buildContexts?: readonly BuildContext[];
  /** Name of the volume claim that keeps the builder's state between builds. */
  readonly cacheVolume?: string;
  /** SOURCE_DATE_EPOCH was given as a build argument, not found in the environment. */
  readonly sourceDateEpoch?: true;
  readonly secrets?: readonly BuildSecret[];
  readonly ssh?: readonly SshKeys[];
  readonly attestations?: readonly Attestation[];
  readonly entitlements?: readonly string[];
  /** Files that the client receives. */
  readonly exports?: readonly Export[];
  /** How the image is written that is pushed. */
  readonly imageAttributes?: ImageAttributes;
  /** The image is pushed without a tag: a plan's `tags` are only repositories. */
  readonly byDigest?: boolean;
  /** The tags are only names in an archive: the image is not pushed. */
  readonly noPush?: boolean;
  /** No image is needed: only its files, or the caches that the build fills. */
  readonly imageless?: boolean;
}

/** An annotation of the index, of its descriptor in an archive, of the descriptors in it, or of one platform's manifest. */
export interface PlatformAnnotation {
  readonly on: "index" | "index-descriptor" | "manifest-descriptor" | "manifest";
  /** `linux/arm64`: only of this platform. */
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

export interface HostAlias {
  readonly host: string;
  readonly ip: string;
}

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export interface PodResources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** A replacement for a name in FROM, COPY --from and RUN --mount. */
export interface BuildContext {
  /** The short form, as docker keeps it: without docker.io, library and latest. */
  readonly name: string;
  readonly source:
    | { readonly kind: "directory"; readonly path: string }
    /** An image, from docker-image://. */
    | { readonly kind: "image"; readonly image: string }
    /** A repository or a file for the builder to fetch. */
    | { readonly kind: "url"; readonly url: string }
    | LayoutSource;
}

/** An image in a directory of this machine, from oci-layout://. */
export interface LayoutSource {
  readonly kind: "layout";
  readonly path: string;
  /** Absent: `latest`, or the only one. */
  readonly tag?: string;
  /** Of the manifest or index, `sha256:` and 64 hex digits. It comes before a tag. */
  readonly digest?: string;
}

export interface CacheEntry {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface BuildSecret {
  readonly id: string;
  readonly source:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "env"; readonly name: string }
    /** A key of a Secret in the namespace. */
    | { readonly kind: "cluster"; readonly secret: string; readonly key: string }
    /** A field of a secret in Vault, named as for `vault kv get`. */
    | { readonly kind: "vault"; readonly path: string; readonly field: string };
}

export interface SshKeys {
  readonly id: string;
  /** A socket or keys. Empty: the agent of SSH_AUTH_SOCK. */
  readonly paths: readonly string[];
}

export interface Attestation {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Attributes of `-o` with BuildKit's names: how layers are compressed, and with which media types and times an image is written. */
export type ImageAttributes = Readonly<Record<string, string>>;

/** Where `--load` puts an image. */
export type LoadTarget =
  /** The engine that docker would use. */
  | { readonly store: "engine" }
  /** The containerd of every node of a kind cluster, whose nodes are containers of that engine. */
  | { readonly store: "kind"; readonly cluster: string };

export type Export =
  | {
      readonly kind: "archive";
      readonly format: "oci" | "docker";
      /** A path, or `-` for standard output. */
      readonly dest: string;
      /** Unpacked into a directory (`tar=false`). */
      readonly directory: boolean;
      /** How the image in it is written. */
      readonly attributes?: ImageAttributes;
      /** `--load`: the archive goes to an engine. `dest` is empty until the build begins. */
      readonly engine?: LoadTarget;
    }
  /** The files of the last stage, as a directory (`local`) or an archive (`tar`). */
  | { readonly kind: "files"; readonly format: "local" | "tar"; readonly dest: string };

export type ExportToEngine = Extract<Export, { kind: "archive" }> & { readonly engine: LoadTarget };
