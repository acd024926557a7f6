/** A builder is data and two pure functions: plan in, container out; container's end in, outcome out. */
import type { V1Container, V1PodSpec, V1Volume } from "@kubernetes/client-node";
import type { Place } from "../lib/dockerfile/locate.ts";
import type { PlannedStage } from "../lib/dockerfile/plan-steps.ts";
import type { StepReader } from "./steps/reader.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { ContextForm } from "../plan/layout.ts";
import type { FlagCapability } from "../plan/docker/capabilities.ts";

/** Something that a Dockerfile or a command line may need and that not every builder can do. */
export type Capability = "build" | "push" | FlagCapability;

export interface Builder {
  readonly name: string;
  /** The image that its makers publish; undefined if they no longer publish one. */
  readonly defaultImage: string | undefined;
  readonly supports: ReadonlySet<Capability>;
  /** Capabilities of `supports` that need a later image, with the first version that has them. */
  readonly since?: Readonly<Partial<Record<FlagCapability, string>>>;
  /** The builder attaches attestations itself. For other builders the client makes them. */
  readonly attestsItself?: boolean;
  /** How it keeps layers in a registry: each under a tag of its own, in a repository, or all under one tag. Absent: it does not. */
  readonly layerCache?: "repository" | "tag";
  /** What to use instead of a cache in a registry, for a builder without one: one remedy each. */
  readonly cacheInstead?: readonly string[];
  /** It has BuildKit's frontend, which has its own build arguments, such as BUILDKIT_SYNTAX. */
  readonly frontend?: true;
  /** A defect that gives a wrong image and that slipway cannot detect: one sentence, printed at every build. */
  readonly caution?: string;
  /** Returns such warnings for one plan, one sentence each. */
  cautions?(plan: BuildPlan): readonly string[];
  /** It can push an image without a tag, by its digest. */
  readonly pushesByDigest?: true;
  /** One pod of it makes an index of several platforms, as long as it need not run programs of another platform. */
  readonly crossBuilds?: true;
  /** It takes the token of a repository from a variable, not as a secret of the build. */
  readonly gitTokenInVariable?: true;
  /** Some of its pods read `files`, so their builds make a ConfigMap with every transport. */
  readonly mountsFiles?: true;
  /** Why it needs the whole context, even files that the Dockerfile does not copy: one clause. Absent: it does not. */
  readonly readsAll?: string;
  /** Why none of its pods meets the Pod Security level restricted: a clause after "cannot build in a restricted pod: ". Absent: they do. */
  readonly whyNotRestricted?: string;
  /** @throws BuilderUnable if the plan needs something that none of its pods can do. */
  check?(plan: BuildPlan): void;
  pod(plan: BuildPlan, form: ContextForm): BuilderPod;
  /** The user of the container that receives the context, so that the builder can read what it wrote. Asked before the form is known. */
  receiver(plan: BuildPlan): ReceiverUser;
  /** Formats one line of the builder's log for people: removes the builder's decoration. One line gives one line. */
  formatLogLine(line: string): string;
  /** Reads the builder's log as steps. @param stages what is built; empty if the Dockerfile is not known */
  steps(stages: readonly PlannedStage[]): StepReader;
  outcome(end: ContainerEnd): Outcome;
  /**
   * Reads a line of its log in which it reports an image as pushed, with nothing left to do that can fail: `NAME[:TAG]@DIGEST`. Undefined for
   * any other line. Absent: its log does not name the digest.
   */
  readonly readPushed?: (line: string, plan: BuildPlan) => string | undefined;
}

export interface BuilderPod {
  readonly container: V1Container;
  /** Volumes of the container besides the shared ones (their names are in plan/layout.ts). */
  readonly volumes: readonly V1Volume[];
  /** Fields of the pod that this builder needs. */
  readonly pod?: Partial<V1PodSpec>;
  /** Containers that have to succeed before the builder starts, besides the one that receives the context. */
  readonly initContainers?: readonly V1Container[];
  /** Text files of FILES_VOLUME: names to contents. Never secrets: they are sent in the build's ConfigMap. */
  readonly files?: Readonly<Record<string, string>>;
  /** For a builder that does not read docker's config.json: the file in AUTH_VOLUME instead. */
  readonly credentialFile?: CredentialFile;
}

export interface ReceiverUser {
  readonly user: number;
  readonly group: number;
  /** It gets no capability, even as root. */
  readonly restricted?: boolean;
}

export interface CredentialFile {
  readonly name: string;
  /** @param dockerConfig the config.json of the build, as JSON; the result is secret too. */
  render(dockerConfig: string): string;
}

/** How the builder's container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** Kubernetes' reason: Completed, Error, OOMKilled, ContainerCannotRun, … */
  readonly reason: string;
  /** The termination message, at most 4096 bytes. The end of the log if the container failed without a message. */
  readonly message: string;
  /** The last lines of the log. They explain a failure, but never decide whether the build succeeded. */
  readonly tail: readonly string[];
  /** Memory limit of the container, as Kubernetes writes it: `512Mi`. Absent if it had no limit. */
  readonly memoryLimit?: string;
}

export type Outcome =
  | { readonly kind: "built"; readonly digest: string }
  /** Built and pushed by a builder that does not report the digest, so it must be read from the registry. */
  | {
      readonly kind: "pushed";
      /** Digest of the image's configuration, if the builder reported it. It shows whether the tag is still this image. */
      readonly configDigest?: string;
    }
  | {
      readonly kind: "failed";
      /** The cause of the failure, which decides the exit code. */
      readonly fault: "build" | "registry-auth" | "cluster";
      /** One sentence. */
      readonly message: string;
      readonly suggestions: readonly string[];
      /** The part of the Dockerfile that failed, if the builder reports it. */
      readonly place?: Place;
    };
