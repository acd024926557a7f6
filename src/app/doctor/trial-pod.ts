/** A build's own pod, with nothing to build: what the cluster makes of it is what it would make of a build. */
import type { V1Container } from "@kubernetes/client-node";
import type { Builder, BuilderPod } from "../../builders/builder.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { objectsOf } from "../../run/objects.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { CONTEXT_VOLUME, READY_DIR, RECEIVER } from "../../plan/layout.ts";
import type { Delivery } from "../../ship/delivery.ts";
import { deliverByStream, deliverByVolume } from "../../ship/stream.ts";

/** The trial's Job ends by itself after this many seconds, and is gone as many later, if nobody is left to remove it. */
export const TRIAL_SECONDS = 180;
const TTL_SECONDS = 10;

/** What the receiver runs when the trial needs it no more, and ends well by. */
export const RELEASE = ["sh", "-c", `mkdir -p /slipway/${READY_DIR} && : > /tmp/committed`];

export interface Trial {
  readonly name: string;
  readonly objects: BuildObjects;
  readonly container: string;
  /** A container of the helper image waits, for what is to be asked from within the pod. */
  readonly receives: boolean;
}

/** @param streams the pod has the container that receives a context, and its volume. */
export function buildTrial(plan: BuildPlan, builder: Builder, streams: boolean): Trial {
  const name = trialName(plan, "pod");
  const tried: BuildPlan = {
    ...bare(plan, name),
    ...(plan.credentials.kind === "secret" ? { credentials: plan.credentials } : {}),
  };
  const builderPod = builder.pod(tried, "directory");
  const identity = { image: plan.helperImage, ...builderPod.receiver };
  const delivery: Delivery = !streams
    ? { transport: "configmap", form: "directory", volume: { name: CONTEXT_VOLUME, emptyDir: {} } }
    : plan.transport === "pvc"
      ? deliverByVolume(nothing, identity, plan.volume)
      : deliverByStream(nothing, identity);
  const objects = objectsOf(tried, { ...builderPod, container: harmless(builderPod.container) }, delivery);
  return { name, objects, container: builderPod.container.name, receives: streams };
}

/** A pod that tells whether root in it is root on its node: the file /proc/self/uid_map, as user_namespaces(7) has it. */
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
  const builderPod: BuilderPod = { container, volumes: [], pod: { hostUsers: false }, receiver: { user: 0, group: 0 } };
  const volume = { name: CONTEXT_VOLUME, emptyDir: {} };
  const objects = objectsOf(bare(plan, name), builderPod, { transport: "configmap", form: "directory", volume });
  return { name, objects, container: container.name, receives: false };
}

export const TRIAL_RECEIVER = RECEIVER;

function trialName({ name }: BuildPlan, what: string): string {
  return `slipway-doctor-${what}-${name.split("-").at(-1)}`;
}

/** Without what only an image needs: names to push to, credentials, certificates. */
function bare(plan: BuildPlan, name: string): BuildPlan {
  const { ca: _, ...registries } = plan.registries;
  return {
    ...plan,
    name,
    tags: [],
    credentials: { kind: "none" },
    registries,
    timeoutSeconds: TRIAL_SECONDS,
    ttlSeconds: TTL_SECONDS,
  };
}

/** The builder's container with all its rights, doing nothing. */
function harmless(container: V1Container): V1Container {
  const { command, args: _, ...rest } = container;
  return command?.[0] === "sh" ? { ...rest, command: ["sh", "-c", "true"] } : { ...rest, args: ["version"] };
}

// oxlint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<Uint8Array> {}
