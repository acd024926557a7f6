/** The request for one build, as typed on the command line. */
import type { UserNamespaces } from "./pod/options.ts";
import type { TypedFlags } from "./docker/typed-flags.ts";

/** The flags about the pod, as typed. */
export interface PodRequest {
  readonly nodeSelector?: readonly string[];
  readonly tolerations?: readonly string[];
  readonly runtimeClass?: string;
  readonly requests?: readonly string[];
  readonly limits?: readonly string[];
  /** Path of a file. */
  readonly template?: string;
  readonly allowUnsafe?: boolean;
  readonly userns?: UserNamespaces;
  readonly security?: "baseline" | "restricted";
  /** A tenant, or OWN_NAMESPACE. */
  readonly isolate?: string;
}

/** The command line of one build as typed: strings that are not read or checked yet. */
export interface BuildRequest {
  /** The positional PATH. */
  readonly path: string;
  readonly file?: string;
  readonly tags: readonly string[];
  /** `KEY=VALUE`, or `KEY` for the value of the environment variable of that name. */
  readonly buildArgs: readonly string[];
  readonly target?: string;
  /** `KEY=VALUE`, or `KEY` for an empty value. */
  readonly labels: readonly string[];
  readonly noCache: boolean;
  readonly builder: string;
  readonly builderImage?: string;
  readonly helperImage: string;
  readonly transport: string;
  /** The context is a repository that the builder clones. */
  readonly gitInCluster?: boolean;
  /** Registries whose credentials are sent too, although no file that is read here names them. */
  readonly baseRegistries?: readonly string[];
  /** Send the whole context, without context pruning. */
  readonly sendAll?: boolean;
  /** Identical files have to give identical bytes. */
  readonly reproducible?: boolean;
  readonly volumeSize: string;
  /** For `cache`: the project. */
  readonly cacheName?: string;
  /** A size as docker writes it. 0: never warn. */
  readonly contextWarning?: string;
  /** Hosts, or parts of them, whose repositories get the user's credentials as submodules of another host or owner. */
  readonly submoduleCredentials?: readonly string[];
  readonly storageClass?: string;
  /** `--cache`: true, false, or the place of the cache. Absent: false. */
  readonly cache?: string;
  /** Name of the volume claim that keeps the builder's state. */
  readonly cacheVolume?: string;
  /** How long a kept builder stays after its last build, as typed (`30m`). Absent: the build has its own pod. */
  readonly keep?: string;
  readonly timeout: string;
  readonly ttl: string;
  readonly registrySecret?: string;
  /** The builder's pod runs as this ServiceAccount. The user's own credentials are not sent. */
  readonly serviceAccount?: string;
  readonly noCredentials?: boolean;
  /** Send tokens for the build's repositories instead of passwords. */
  readonly registryTokens?: boolean;
  readonly insecureRegistries: readonly string[];
  readonly registryCa?: string;
  /** Every image that the Dockerfile uses has to have a digest. */
  readonly verifyBase?: boolean;
  /** Sign the image with cosign. */
  readonly sign?: boolean;
  /** The signing key, as for cosign's --key. */
  readonly signKey?: string;
  /** Whether signatures go to cosign's transparency log. Absent: not specified. */
  readonly signLog?: "upload" | "none";
  /** A NetworkPolicy limits what the pod may connect to. */
  readonly networkPolicy?: boolean;
  /** What the policy allows besides DNS and registries: `any`, ADDRESS or ADDRESS/BITS, each with or without `:PORT`. */
  readonly egress?: readonly string[];
  /** No output needs the image ID, so slipway does not ask the registry for it. */
  readonly noImageId?: boolean;
  /** An output needs the image's platform, so slipway asks the registry for it. */
  readonly wantsPlatform?: boolean;
  /** Settings of the pod itself. */
  readonly pod?: PodRequest;
  /** Default registry, for names without one. */
  readonly registry?: string;
  /** The order in which `auto` tries the builders. Absent: the order of the table. */
  readonly builderOrder?: readonly string[];
  /** Image of each builder, by the builder's name, if the environment sets none. */
  readonly images?: Readonly<Record<string, string>>;
  /** Docker's other flags, as typed. */
  readonly docker?: TypedFlags;
}
