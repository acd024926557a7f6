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

/** The command line of one build as typed: strings, nothing read or checked yet. */
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
  /** The context is a repository, which the builder clones. */
  readonly gitInCluster?: boolean;
  /** Registries whose credentials go along, though nothing that is read here names them. */
  readonly baseRegistries?: readonly string[];
  /** Send what no COPY reaches, too. */
  readonly sendAll?: boolean;
  /** The same files are to be the same bytes. */
  readonly reproducible?: boolean;
  readonly volumeSize: string;
  /** For `cache`: the project. */
  readonly cacheName?: string;
  /** A size as docker writes it; 0: never. */
  readonly contextWarning?: string;
  readonly storageClass?: string;
  /** Name of the volume claim that keeps the builder's state. */
  readonly cacheVolume?: string;
  /** A BuildKit stays for so long after its last build: a duration as it was typed. */
  readonly keep?: string;
  readonly timeout: string;
  readonly ttl: string;
  readonly registrySecret?: string;
  /** The builder's pod runs as this ServiceAccount, and nothing of the user's own is shipped. */
  readonly serviceAccount?: string;
  readonly noCredentials?: boolean;
  /** Tokens for the build's repositories are shipped instead of passwords. */
  readonly registryTokens?: boolean;
  readonly insecureRegistries: readonly string[];
  readonly registryCa?: string;
  /** Every image the Dockerfile draws on has to be named by its digest. */
  readonly verifyBase?: boolean;
  /** The image is signed with cosign. */
  readonly sign?: boolean;
  /** The key to sign with, as cosign's --key has it. */
  readonly signKey?: string;
  /** Whether signatures go to the log that cosign is set to; absent: nobody said. */
  readonly signLog?: "upload" | "none";
  /** A NetworkPolicy limits what the pod connects to. */
  readonly networkPolicy?: boolean;
  /** What it allows besides DNS and registries: `any`, ADDRESS or ADDRESS/BITS, each with or without `:PORT`. */
  readonly egress?: readonly string[];
  /** Nothing of what is to be written says the image's ID, so the registry need not be asked for it. */
  readonly noImageId?: boolean;
  /** The image's platform is to be written down, so the registry is asked for that as well. */
  readonly wantsPlatform?: boolean;
  /** What is asked of the pod itself. */
  readonly pod?: PodRequest;
  /** Completes names that leave the registry open. */
  readonly registry?: string;
  /** In which `auto` tries the builders; absent: the table's. */
  readonly builderOrder?: readonly string[];
  /** Image of each builder, by its name, where the environment names none. */
  readonly images?: Readonly<Record<string, string>>;
  /** Docker's other flags, as typed. */
  readonly docker?: TypedFlags;
}
