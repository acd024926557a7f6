/** The labels and annotations of slipway's objects: how they are found, and what they tell a client that did not start the build. */
import type { V1Job } from "@kubernetes/client-node";
import { shortHash } from "../plan/inputs-name.ts";
import { pushes } from "../plan/plan.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { platformText } from "../lib/image/platform.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { trimChars } from "../lib/text/linear.ts";
import { jobOf } from "./identity.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export const LABEL = {
  managedBy: "app.kubernetes.io/managed-by",
  version: "app.kubernetes.io/version",
  build: "slipway.dev/build",
  builder: "slipway.dev/builder",
  user: "slipway.dev/user",
  tenant: "slipway.dev/tenant",
  /** Hash of a kept builder's settings. */
  keep: "slipway.dev/keep",
  /** Fingerprint of the key that proves who owns a kept builder. */
  keepKey: "slipway.dev/keep-key",
} as const;

/** Selects everything that slipway made. */
export const OURS = `${LABEL.managedBy}=slipway`;

/** The same without kept builders, which are not builds. */
export const OUR_BUILDS = `${OURS},!${LABEL.keep}`;

/** Tells whether an object has slipway's label. This does not prove that slipway made it. */
export function isSlipways({
  metadata,
}: {
  readonly metadata?: { readonly labels?: Record<string, string> };
}): boolean {
  return metadata?.labels?.[LABEL.managedBy] === "slipway";
}

/** Whether a Job of slipway's can have this name: all begin like this. */
export function isBuildName(name: string): boolean {
  return name.startsWith("slipway-");
}

/**
 * The labels that a Job was made with. Everyone who may patch a Job can change those of its metadata, and nobody those of its template, once it
 * has begun.
 */
export function madeWith({ spec }: Pick<V1Job, "spec">): Readonly<Record<string, string>> {
  // What an API server sends is not always what its types say.
  const { template } = spec ?? {};
  return template?.metadata?.labels ?? {};
}

/**
 * Tells whether a Job was made as a build or a kept builder. Everyone who may create Jobs can make one like it, but nobody can label another Job so
 * that it becomes one. One with a selector of its own takes pods that it has not made, and with it they would be deleted.
 */
export function isMadeAsBuild(job: V1Job): boolean {
  const labels = madeWith(job);
  const { name = "" } = job.metadata ?? {};
  if (job.spec?.manualSelector === true || !isBuildName(name)) return false;
  return labels[LABEL.managedBy] === "slipway" && labels[LABEL.build] === name;
}

/** On the Job: what a client needs to report the build, besides the fields of the Job and the pod. */
export const ANNOTATION = {
  /** The references that users know the image by, separated by commas. */
  references: "slipway.dev/references",
  /** For one of several platforms: the references the image is pushed to until the client has made the index, separated by commas. */
  pushedAs: "slipway.dev/pushed-as",
  /** For one of several platforms: which one. */
  platform: "slipway.dev/platform",
  /** Name of the container that builds. */
  container: "slipway.dev/container",
  /** The user who started it, unchanged: a label cannot hold every name. */
  createdBy: "slipway.dev/created-by",
  /** Registries used without TLS or without verifying it, separated by commas. */
  insecureRegistries: "slipway.dev/insecure-registries",
  /** The build's time limit in seconds, if the Job starts with a nearer deadline (client-lease.ts). */
  timeout: "slipway.dev/timeout-seconds",
  /** The user who cancelled it, if one has. */
  cancelledBy: "slipway.dev/cancelled-by",
} as const;

export function labelsOf(plan: BuildPlan): Record<string, string> {
  return {
    [LABEL.managedBy]: "slipway",
    [LABEL.version]: labelValue(plan.version),
    [LABEL.build]: plan.name,
    [LABEL.builder]: plan.builder,
    ...omitUndefined({ [LABEL.tenant]: plan.tenant }),
    ...(plan.user === "" ? {} : { [LABEL.user]: userLabel(plan.user) }),
    ...plan.objectLabels,
  };
}

/** A label's value for a user. Two users whom a label cannot hold as they are have two values. */
export function userLabel(user: string): string {
  const value = labelValue(user);
  return value === user ? value : `${labelValue(user.slice(0, 45))}-${shortHash(user)}`;
}

/** @param container the name of the container that builds. */
export function annotationsOf(plan: BuildPlan, container: string): Record<string, string> {
  const { insecure } = plan.registries;
  const { tags, publishedTags, platform } = plan;
  return {
    [ANNOTATION.references]: pushes(plan) ? (publishedTags ?? tags).map(String).join(",") : "",
    ...(publishedTags === undefined || platform === undefined
      ? {}
      : { [ANNOTATION.pushedAs]: tags.map(String).join(","), [ANNOTATION.platform]: platformText(platform) }),
    [ANNOTATION.container]: container,
    ...(plan.user === "" ? {} : { [ANNOTATION.createdBy]: plan.user }),
    ...(insecure.length === 0 ? {} : { [ANNOTATION.insecureRegistries]: insecure.join(",") }),
  };
}

/** A label's value is at most 63 of [A-Za-z0-9_.-], with a letter or digit at both ends (apimachinery, validation.IsValidLabelValue). */
export function labelValue(text: string): string {
  return trimChars(text.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 63), "_.-");
}

/** Names of the builds whose pods have not ended, so that they may still read their inputs. A build's name is its Job's. */
export async function liveBuilds(cluster: Cluster, signal: AbortSignal): Promise<readonly string[]> {
  const pods = await cluster.list("pods", { labelSelector: OURS }, signal);
  return pods.flatMap((pod) =>
    pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed" ? [] : (jobOf(pod)?.name ?? []),
  );
}
