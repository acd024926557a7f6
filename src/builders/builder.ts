/** A builder as data and two pure functions: plan in, container out; container's end in, outcome out. */
import type { V1Container, V1PodSpec, V1Volume } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import type { ContextForm } from "../plan/layout.ts";
import type { FlagCapability } from "../plan/docker/capabilities.ts";

/** What a Dockerfile or a command line may ask for and a builder may or may not be able to do. The planner asks for these. */
export type Capability = "build" | "push" | FlagCapability;

export interface Builder {
  readonly name: string;
  /** Where its makers publish it; undefined when nobody does any more. */
  readonly defaultImage: string | undefined;
  readonly supports: ReadonlySet<Capability>;
  /** It attaches attestations itself; for the others the client makes them. */
  readonly attestsItself?: boolean;
  /** It has BuildKit's frontend, which takes build arguments of its own: BUILDKIT_SYNTAX and the like. */
  readonly frontend?: true;
  /** A fault of this builder that gives a wrong image and that nothing can be checked for: one sentence, said at every build. */
  readonly caution?: string;
  /** The same for one plan: a sentence each. */
  cautions?(plan: BuildPlan): readonly string[];
  /** The token of a repository comes to it in a variable, not as a secret of the build. */
  readonly gitTokenInVariable?: true;
  /** Some of its pods read `files`, so that their build makes a ConfigMap however the context travels. */
  readonly mountsFiles?: true;
  /** Why all of the context must be there, whatever the Dockerfile copies: one clause. */
  readonly readsAll?: string;
  /** Why no pod of it fits Pod Security's restricted level, after "cannot build in a restricted pod: "; absent: it can. */
  readonly whyNotRestricted?: string;
  /** @throws BuilderUnable for what the plan asks of this builder that no pod of it could do. */
  check?(plan: BuildPlan): void;
  pod(plan: BuildPlan, form: ContextForm): BuilderPod;
  /** A line of the builder's log as a person should see it: one for one, its own decoration taken off. */
  formatLogLine(line: string): string;
  outcome(end: ContainerEnd): Outcome;
}

export interface BuilderPod {
  readonly container: V1Container;
  /** Volumes the container mounts besides the shared ones (names in volumes.ts). */
  readonly volumes: readonly V1Volume[];
  /** Fields of the pod this builder needs set. */
  readonly pod?: Partial<V1PodSpec>;
  /** Containers that have to end well before the builder starts, besides the one that receives the context. */
  readonly initContainers?: readonly V1Container[];
  /** Text files of FILES_VOLUME: names to contents. Nothing secret: they travel in the build's ConfigMap. */
  readonly files?: Readonly<Record<string, string>>;
  /** For a builder that does not read docker's config.json: what AUTH_VOLUME holds in its place. */
  readonly credentialFile?: CredentialFile;
  /** Identity of the container that receives the context, so that the builder can read what it wrote. */
  readonly receiver: {
    readonly user: number;
    readonly group: number;
    /** Without any capability, root or not. */
    readonly restricted?: boolean;
  };
}

export interface CredentialFile {
  readonly name: string;
  /** @param dockerConfig the config.json the build ships, as JSON; the result is as secret as that. */
  render(dockerConfig: string): string;
}

/** How the builder's container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** Kubernetes' word for it: Completed, Error, OOMKilled, ContainerCannotRun, … */
  readonly reason: string;
  /** The termination message, at most 4096 bytes; the log's tail when the container failed without writing one. */
  readonly message: string;
  /** The last lines of the log, for explaining a failure, never for judging success. */
  readonly tail: readonly string[];
  /** The memory the container might use, as Kubernetes writes it: `512Mi`; absent where it had no limit of its own. */
  readonly memoryLimit?: string;
}

export type Outcome =
  | { readonly kind: "built"; readonly digest: string }
  /** Built and pushed by a builder that does not tell the digest: the registry has to be asked what the tag is now. */
  | {
      readonly kind: "pushed";
      /** The digest of the image's configuration, as far as the builder told that: it shows that the tag is still this image. */
      readonly configDigest?: string;
    }
  | {
      readonly kind: "failed";
      /** Whose fault, as the exit code says it. */
      readonly fault: "build" | "registry-auth" | "cluster";
      /** One sentence. */
      readonly message: string;
      readonly suggestions: readonly string[];
    };
