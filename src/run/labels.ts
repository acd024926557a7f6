/** The labels and annotations of slipway's objects: how they are found, and what they tell a client that did not start the build. */
import { pushes } from "../plan/plan.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { trimChars } from "../lib/text/linear.ts";

export const LABEL = {
  managedBy: "app.kubernetes.io/managed-by",
  version: "app.kubernetes.io/version",
  build: "slipway.dev/build",
  builder: "slipway.dev/builder",
  user: "slipway.dev/user",
  tenant: "slipway.dev/tenant",
} as const;

/** Selects everything that slipway made. */
export const OURS = `${LABEL.managedBy}=slipway`;

/** On the Job: what a client needs to report the build, besides the fields of the Job and the pod. */
export const ANNOTATION = {
  /** The references the image is pushed to, separated by commas. */
  references: "slipway.dev/references",
  /** Name of the container that builds. */
  container: "slipway.dev/container",
  /** The user who started it, unchanged: a label cannot hold every name. */
  createdBy: "slipway.dev/created-by",
  /** Registries used without TLS or without verifying it, separated by commas. */
  insecureRegistries: "slipway.dev/insecure-registries",
  /** The build's time limit in seconds, if the Job starts with a nearer deadline (client-lease.ts). */
  timeout: "slipway.dev/timeout-seconds",
} as const;

export function labelsOf(plan: BuildPlan): Record<string, string> {
  return {
    [LABEL.managedBy]: "slipway",
    [LABEL.version]: labelValue(plan.version),
    [LABEL.build]: plan.name,
    [LABEL.builder]: plan.builder,
    ...(plan.tenant === undefined ? {} : { [LABEL.tenant]: plan.tenant }),
    ...(plan.user === "" ? {} : { [LABEL.user]: labelValue(plan.user) }),
  };
}

/** @param container the name of the container that builds. */
export function annotationsOf(plan: BuildPlan, container: string): Record<string, string> {
  const { insecure } = plan.registries;
  return {
    [ANNOTATION.references]: pushes(plan) ? plan.tags.map(String).join(",") : "",
    [ANNOTATION.container]: container,
    ...(plan.user === "" ? {} : { [ANNOTATION.createdBy]: plan.user }),
    ...(insecure.length === 0 ? {} : { [ANNOTATION.insecureRegistries]: insecure.join(",") }),
  };
}

/** A label's value is at most 63 of [A-Za-z0-9_.-], with a letter or digit at both ends (apimachinery, validation.IsValidLabelValue). */
export function labelValue(text: string): string {
  return trimChars(text.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 63), "_.-");
}

/** Names of the builds whose pods have not ended, so that they may still read their inputs. */
export async function liveBuilds(cluster: Cluster, signal: AbortSignal): Promise<readonly string[]> {
  const pods = await cluster.list("pods", { labelSelector: OURS }, signal);
  return pods.flatMap(({ metadata, status }) =>
    status?.phase === "Succeeded" || status?.phase === "Failed" ? [] : (metadata?.labels?.[LABEL.build] ?? []),
  );
}
