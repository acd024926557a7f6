/**
 * All decisions about one build, as data for the later stages. Later stages do not read flags, the user's files or the environment
 * again. A plan has no secrets, so it may be printed.
 */
import type { BuilderName } from "./builder-names.ts";
import type { BuildSecret, DockerOptions } from "./docker/options.ts";
import type { Toleration, UserNamespaces } from "./pod/options.ts";
import type { PodTemplate } from "./pod/read-template.ts";
import type { TransportChoice } from "./transports.ts";
import type { EgressRule } from "./egress.ts";
import type { FileTree } from "../lib/files/file-tree.ts";
import type { Reference } from "../lib/image/reference.ts";
import type { RegistryScope } from "../lib/registry/types.ts";

export interface BuildPlan extends DockerOptions, PodSettings {
  /** Name of the Job, its ConfigMap and its Secret. Unique in the namespace. */
  readonly name: string;
  readonly builder: BuilderName;
  /** Image of the builder's container. */
  readonly builderImage: string;
  /** Image with a POSIX shell, tar, gunzip and sha256sum, for the container that receives a streamed context. */
  readonly helperImage: string;
  /** The directory that is sent. Absent if the builder fetches `repository`. */
  readonly context?: ContextSource;
  readonly repository?: Repository;
  readonly dockerfile: DockerfileSource | UnreadDockerfile;
  /** The OCI layouts of `--build-context`. */
  readonly layouts?: readonly OciLayout[];
  /** The local directories of `--build-context`, with their numbers in `buildContexts`. */
  readonly directories?: readonly NamedDirectory[];
  /** Send the whole context, without context pruning. */
  readonly sendAll: boolean;
  /** Upper bound for file times (Unix seconds), so identical files give identical bytes. Absent: times are kept. */
  readonly latestTime?: number;
  /** Names of the image. It is pushed to these unless `noPush`. */
  readonly tags: readonly Reference[];
  /** For one of several platforms, pushed under temporary `tags` or none: the tags of the index, as users know them. */
  readonly publishedTags?: readonly Reference[];
  /** The manifest has OCI's media types, for an index with annotations. */
  readonly ociMediaTypes?: boolean;
  /** The names as typed, completed with the default registry. */
  readonly names: readonly string[];
  readonly buildArgs: readonly (readonly [name: string, value: string])[];
  /** Texts that are secret everywhere in the plan: values that a pipeline takes from the environment or from Secrets. */
  readonly secretTexts?: readonly string[];
  readonly target?: string;
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly noCache: boolean;
  readonly registries: RegistryAccess;
  readonly credentials: CredentialSource;
  /** The access that the sent credentials are limited to. Absent: the credentials are sent as they are. */
  readonly registryScopes?: readonly RegistryScope[];
  /** ServiceAccount of the builder's pod. Absent: the namespace's default account. */
  readonly serviceAccount?: string;
  /** Sign the image with cosign: the key, or an empty text for signing without a key. Absent: do not sign. */
  readonly sign?: string;
  /** Whether the signature goes to cosign's transparency log. Absent: it does, by default. */
  readonly signLog?: "upload" | "none";
  /** Everything that the pod may connect to. Absent: no NetworkPolicy is made. */
  readonly egress?: readonly EgressRule[];
  readonly transport: TransportChoice;
  /** For `cache`: builds with the same name share one kept context. */
  readonly cacheName: string;
  /** For `pvc` and `cache`: the volume to request. */
  readonly volume: { readonly size: string; readonly storageClass?: string };
  /** Warn if the context has more bytes than this. Absent: never. */
  readonly contextWarning?: number;
  /** Time limit of the build in seconds, from its release to its end: the Job's activeDeadlineSeconds. */
  readonly timeoutSeconds: number;
  /** How long the finished Job stays, in seconds: ttlSecondsAfterFinished. */
  readonly ttlSeconds: number;
  /** The build runs in a kept builder, which stays for this time after it, in seconds. Absent: the build has its own pod. */
  readonly keepSeconds?: number;
  /** User name for the label, if one is known. */
  readonly user: string;
  /** Labels of all objects besides those that every build has. */
  readonly objectLabels?: Readonly<Record<string, string>>;
  readonly version: string;
}

/** Settings of the pod that do not come from docker's options. */
export interface PodSettings {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly runtimeClass?: string;
  /** Whether the pod gets its own user namespace. Absent: never. `auto` is decided by asking the cluster. */
  readonly userns?: UserNamespaces;
  /** The pod has to meet the Pod Security level restricted. */
  readonly restricted?: boolean;
  /** The pod shares no node with builds of other tenants. OWN_NAMESPACE stands for the namespace until it is known. */
  readonly tenant?: string;
  /** Merged over the finished pod. */
  readonly podTemplate?: PodTemplate;
  /** The template may remove the settings that keep the build unprivileged. */
  readonly allowUnsafeTemplate?: boolean;
}

export interface ContextSource {
  /** Absolute path of the directory; the name of the archive, for messages, if there is a `tree`. */
  readonly root: string;
  /** The files of an archive. Absent: those of the directory. */
  readonly tree?: FileTree;
  /** SHA-256 of the unpacked archive, in hexadecimal, if there is a `tree`. Archives with the same digest have the same files. */
  readonly digest?: string;
  /** The same text for each build of the same source. Absent: `root` is that text. */
  readonly project?: string;
  /** Bytes of the ignore file; undefined if there is none. */
  readonly ignoreFile: Uint8Array | undefined;
  /** Name of the ignore file in messages. */
  readonly ignoreName?: string;
}

/** A repository that the builder fetches. */
export interface Repository {
  /** As docker writes it: `URL#REF:SUBDIR`, or with a query. Has no user and no password. */
  readonly url: string;
  /** The URL for git: https://, http:// or git://. */
  readonly remote: string;
  /** Branch, tag or commit as written. Absent: the remote's HEAD. */
  readonly ref?: string;
  /** The expected commit: its hash, or the beginning of it. */
  readonly commit?: string;
  readonly subdir?: string;
  /** Whether to fetch submodules. Absent: not specified. */
  readonly submodules?: boolean;
  readonly keepGitDir: boolean;
  /** The token to log in with, for a builder that does not take it as one of the build's secrets. */
  readonly token?: BuildSecret;
}

/** A directory of `--build-context`. */
export interface NamedDirectory extends ContextSource {
  /** Its index in the plan's `buildContexts`, and its name in the archive. */
  readonly number: number;
  /** It has a .containerignore, which docker does not read. */
  readonly hasContainerignore?: true;
}

export interface DockerfileSource {
  /** As the user wrote it, for messages. */
  readonly path: string;
  readonly text: string;
  /** The file as it is, if it is not all UTF-8. Absent: the text. */
  readonly bytes?: Uint8Array;
}

/** A Dockerfile that only the builder reads. */
export interface UnreadDockerfile {
  /** Path in the repository, relative to its subdirectory. Absent: the default Dockerfile. */
  readonly path?: string;
  readonly text?: undefined;
}

/** A plan with a context on this disk. */
export interface ShippedPlan extends BuildPlan {
  readonly context: ContextSource;
  readonly dockerfile: DockerfileSource;
}

export function isShipped(plan: BuildPlan): plan is ShippedPlan {
  return plan.context !== undefined && plan.dockerfile.text !== undefined;
}

export interface RegistryAccess {
  /** Every registry that this build pulls from or pushes to, as `HOST[:PORT]`. */
  readonly hosts: readonly string[];
  /** Of `hosts`, those that base images and named contexts are pulled from, as far as they are known before the build. */
  readonly pulledFrom?: readonly string[];
  /** Registries with plain http, or https without verification. */
  readonly insecure: readonly string[];
  /** PEM certificates to trust for all of these registries, in addition to the builder's own. */
  readonly ca?: string;
}

export type CredentialSource =
  /** Slipway sends a docker config.json as a Secret of this build. */
  | { readonly kind: "shipped" }
  /** An existing Secret of the namespace, of type kubernetes.io/dockerconfigjson. */
  | { readonly kind: "secret"; readonly name: string }
  | { readonly kind: "none" };

/** Whether the image is pushed: the builder pushes it, and slipway asks the registry about it. */
export function pushes(plan: Pick<BuildPlan, "tags" | "noPush">): boolean {
  return plan.tags.length > 0 && plan.noPush !== true;
}

/** An image in a directory of this machine. */
export interface OciLayout {
  /** Its index in the plan's `buildContexts`. */
  readonly number: number;
  /** Absolute path of the layout. */
  readonly root: string;
  /** Of the manifest or index, `sha256:` and 64 hex digits. */
  readonly digest: string;
}
