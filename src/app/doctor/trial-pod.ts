/** A build's own pod, with nothing to build: the cluster treats it as it would treat a build. */
import type { V1Container } from "@kubernetes/client-node";
import type { Builder, BuilderPod } from "../../builders/builder.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { objectsOf } from "../../run/objects.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { READY_DIR } from "../../plan/layout.ts";
import { needsClaim } from "../../plan/transports.ts";
import { EMPTY_DELIVERY } from "../../ship/delivery.ts";
import type { Delivery } from "../../ship/delivery.ts";
import { deliverByStream, deliverByVolume } from "../../ship/stream.ts";

/** The trial's Job ends after this time, and is deleted TTL_SECONDS later, if the client dies before it removes the Job. */
export const TRIAL_SECONDS = 180;
const TTL_SECONDS = 10;

/** Lets the receiver end with exit code 0. */
export const RELEASE = ["sh", "-c", `mkdir -p /slipway/${READY_DIR} && : > /tmp/committed`];

export interface Trial {
  readonly name: string;
  readonly objects: BuildObjects;
  readonly container: string;
  /** A container of the helper image waits, so that requests can be made from the pod. */
  readonly receives: boolean;
}

/** @param streams the pod gets the container that receives a context, and its volume. */
export function buildTrial(plan: BuildPlan, builder: Builder, streams: boolean): Trial {
  const name = trialName(plan, "pod");
  const tried: BuildPlan = {
    ...bare(plan, name),
    ...(plan.credentials.kind === "secret" ? { credentials: plan.credentials } : {}),
  };
  const builderPod = builder.pod(tried, "directory");
  const identity = { image: plan.helperImage, ...builder.receiver(tried) };
  const delivery: Delivery = !streams
    ? EMPTY_DELIVERY
    : needsClaim(plan.transport)
      ? // A claim of the pod's own, even for a transport that keeps one: the trial leaves nothing behind.
        deliverByVolume(nothing, identity, plan.volume)
      : deliverByStream(nothing, identity);
  const objects = objectsOf(tried, { ...builderPod, container: harmless(builderPod.container) }, delivery);
  return { name, objects, container: builderPod.container.name, receives: streams };
}

/** A pod that reports whether its root is root on the node, by the file /proc/self/uid_map (user_namespaces(7)). */
export function userNamespaceTrial(plan: BuildPlan): Trial {
  const name = trialName(plan, "userns");
  const container: V1Container = {
    name: "user-namespace",
    image: plan.helperImage,
    command: ["sh", "-c", "cat /proc/self/uid_map > /dev/termination-log"],
    securityContext: {
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  const builderPod: BuilderPod = { container, volumes: [], pod: { hostUsers: false } };
  const objects = objectsOf(bare(plan, name), builderPod, EMPTY_DELIVERY);
  return { name, objects, container: container.name, receives: false };
}

function trialName({ name }: BuildPlan, what: string): string {
  return `slipway-doctor-${what}-${name.split("-").at(-1)}`;
}

/**
 * The plan without the parts that only an image needs: names to push to, credentials, certificates, values from the client; and without
 * the volume that outlives a build, which the trial would leave behind.
 */
function bare(plan: BuildPlan, name: string): BuildPlan {
  const { ca: _ca, ...registries } = plan.registries;
  const { cacheVolume: _volume, ssh: _ssh, secrets = [], ...kept } = plan;
  const mounted = secrets.filter(({ source }) => source.kind === "cluster");
  return {
    ...kept,
    ...(mounted.length === 0 ? {} : { secrets: mounted }),
    name,
    tags: [],
    credentials: { kind: "none" },
    registries,
    timeoutSeconds: TRIAL_SECONDS,
    ttlSeconds: TTL_SECONDS,
  };
}

/** The builder's container with all its privileges, doing nothing. */
function harmless(container: V1Container): V1Container {
  const { command, args: _, ...rest } = container;
  return command?.[0] === "sh" ? { ...rest, command: ["sh", "-c", "true"] } : { ...rest, args: ["version"] };
}

// oxlint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<Uint8Array> {}
