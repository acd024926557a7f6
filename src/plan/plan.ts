/**
 * What one build is, decided once: everything later stages need, as data. Nothing after this reads flags, files of the
 * user's or the environment again. No secret is in here: a plan may be printed.
 */
import type { BuilderName } from "./builder-names.ts";
import type { BuildSecret, DockerOptions } from "./docker/options.ts";
import type { Toleration, UserNamespaces } from "./pod/options.ts";
import type { PodTemplate } from "./pod/read-template.ts";
import type { TransportName } from "./layout.ts";
import type { EgressRule } from "./egress.ts";
import type { Reference } from "../lib/image/reference.ts";
import type { RegistryScope } from "../lib/registry/types.ts";

export interface BuildPlan extends DockerOptions, PodSettings {
  /** Unique in the namespace: the Job's name, and its ConfigMap's and Secret's. */
  readonly name: string;
  readonly builder: BuilderName;
  /** Image of the builder's container. */
  readonly builderImage: string;
  /** Image with a POSIX shell, tar, gunzip and sha256sum, for the container that receives a streamed context. */
  readonly helperImage: string;
  /** The directory that is sent; absent: the builder fetches `repository`. */
  readonly context?: ContextSource;
  readonly repository?: Repository;
  readonly dockerfile: DockerfileSource | UnreadDockerfile;
  /** What `--build-context` names of this disk: the contexts' numbers in `buildContexts`, and what they hold. */
  readonly directories?: readonly NamedDirectory[];
  /** Send what no COPY reaches, too. */
  readonly sendAll: boolean;
  /** No file's time is later than this, in seconds since the epoch, so that the same files are the same bytes; absent: as they are. */
  readonly latestTime?: number;
  /** Names of the image, and where it is pushed unless `noPush`. */
  readonly tags: readonly Reference[];
  /** The same as they were typed, with the registry they leave open. */
  readonly names: readonly string[];
  readonly buildArgs: readonly (readonly [name: string, value: string])[];
  readonly target?: string;
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly noCache: boolean;
  readonly registries: RegistryAccess;
  readonly credentials: CredentialSource;
  /** What the credentials shipped have to be good for, where they are to be tokens for that and no more. */
  readonly registryScopes?: readonly RegistryScope[];
  /** The ServiceAccount of the builder's pod; absent: the namespace's default one. */
  readonly serviceAccount?: string;
  /** cosign signs the image: the key it is told, empty for signing without one. */
  readonly sign?: string;
  /** Whether the signature goes to the log that cosign is set to; absent: it does, and nobody said so. */
  readonly signLog?: "upload" | "none";
  /** All the pod may connect to; absent: no NetworkPolicy is made. */
  readonly egress?: readonly EgressRule[];
  readonly transport: TransportName | "auto";
  /** For `cache`: whose contexts are kept together. */
  readonly cacheName: string;
  /** For `pvc` and `cache`: the volume asked for. */
  readonly volume: { readonly size: string; readonly storageClass?: string };
  /** Say so when the context has more bytes than this; undefined: never. */
  readonly contextWarning?: number;
  /** The build may take this long from its release to its end, in seconds: the Job's activeDeadlineSeconds. */
  readonly timeoutSeconds: number;
  /** The finished Job stays this long, in seconds: ttlSecondsAfterFinished. */
  readonly ttlSeconds: number;
  /** The build is one of a kept builder, which stays for so many seconds after it; absent: the build has a pod of its own. */
  readonly keepSeconds?: number;
  /** Who builds, for the label: a user name as far as one is known. */
  readonly user: string;
  readonly version: string;
}

/** What was asked of the pod itself, besides what docker's options mean for it. */
export interface PodSettings {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly runtimeClass?: string;
  /** Whether the pod gets a user namespace of its own; absent: never. `auto` is decided when the cluster is asked. */
  readonly userns?: UserNamespaces;
  /** The pod has to fit Pod Security's restricted level. */
  readonly restricted?: boolean;
  /** Shares no node with builds of other tenants; OWN_NAMESPACE: the namespace, before that is known. */
  readonly tenant?: string;
  /** Laid over the pod when all else is done. */
  readonly podTemplate?: PodTemplate;
  /** The template may undo what keeps the build unprivileged. */
  readonly allowUnsafeTemplate?: boolean;
}

export interface ContextSource {
  /** Absolute path of the directory. */
  readonly root: string;
  /** The ignore file's bytes; undefined when there is none. */
  readonly ignoreFile: Uint8Array | undefined;
  /** What to call it in messages. */
  readonly ignoreName?: string;
}

/** A repository that the builder fetches. */
export interface Repository {
  /** As docker writes it, `URL#REF:SUBDIR` or with a query; without user or password. */
  readonly url: string;
  /** What git is given: https://, http:// or git://. */
  readonly remote: string;
  /** Branch, tag or commit, as it was written; absent: the remote's HEAD. */
  readonly ref?: string;
  /** The commit it has to be, or the beginning of its hash. */
  readonly commit?: string;
  readonly subdir?: string;
  /** Absent: nothing was said of them. */
  readonly submodules?: boolean;
  readonly keepGitDir: boolean;
  /** What a builder logs in with that takes it in another way than the build's other secrets. */
  readonly token?: BuildSecret;
}

/** A directory of `--build-context`. */
export interface NamedDirectory extends ContextSource {
  /** Its place in the plan's `buildContexts`, and its name in the archive. */
  readonly number: number;
  /** It has a .containerignore, whose rules are not docker's. */
  readonly foreignRules?: true;
}

export interface DockerfileSource {
  /** As the user named it, for messages. */
  readonly path: string;
  readonly text: string;
}

/** One that only the builder sees. */
export interface UnreadDockerfile {
  /** In the repository, from its subdirectory; absent: the one every build looks for. */
  readonly path?: string;
  readonly text?: undefined;
}

/** A plan whose context is on this disk. */
export interface ShippedPlan extends BuildPlan {
  readonly context: ContextSource;
  readonly dockerfile: DockerfileSource;
}

export function isShipped(plan: BuildPlan): plan is ShippedPlan {
  return plan.context !== undefined && plan.dockerfile.text !== undefined;
}

export interface RegistryAccess {
  /** Every registry this build pulls from or pushes to, as `host[:port]`. */
  readonly hosts: readonly string[];
  /** Spoken to over plain http, or https without verification. */
  readonly insecure: readonly string[];
  /** PEM certificates to trust for all of them besides the builder's own. */
  readonly ca?: string;
}

export type CredentialSource =
  /** A docker config.json made by us travels as a Secret of this build. */
  | { readonly kind: "shipped" }
  /** A Secret of type kubernetes.io/dockerconfigjson that is in the namespace already. */
  | { readonly kind: "secret"; readonly name: string }
  | { readonly kind: "none" };

/** Whether the image ends up in a registry: builders push for this, and the registry is asked about it. */
export function pushes(plan: Pick<BuildPlan, "tags" | "noPush">): boolean {
  return plan.tags.length > 0 && plan.noPush !== true;
}
