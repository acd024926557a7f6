/** The objects of a build, from its plan. Pure. The Job owns the others, so they are deleted with it. */
import type {
  V1ConfigMap,
  V1Container,
  V1Job,
  V1NetworkPolicy,
  V1PersistentVolumeClaim,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Secret,
  V1Volume,
} from "@kubernetes/client-node";
import type { BuilderPod, CredentialFile } from "../builders/builder.ts";
import { AUTH_VOLUME, CA_FILE, CA_VOLUME, CONTEXT_VOLUME, FILES_VOLUME } from "../plan/layout.ts";
import { hiddenValues } from "../plan/hidden-values.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { hideValues } from "./hide-values.ts";
import { exportVolumes, exporter } from "../ship/export/exporter.ts";
import type { ExporterIdentity } from "../ship/export/exporter.ts";
import { layOver } from "./pod/lay-over.ts";
import type { LaidOver } from "./pod/lay-over.ts";
import type { Delivery } from "../ship/delivery.ts";
import { cacheClaim, cacheVolumes, secretData, secretVolumes, sshVolumes } from "./volumes.ts";
import { inputsName } from "../plan/inputs-name.ts";
import { annotationsOf, labelsOf } from "./labels.ts";
import { networkPolicyOf } from "./network-policy.ts";
import { NO_SIDECAR_ANNOTATIONS, NO_SIDECAR_LABELS } from "./pod/no-sidecars.ts";
import { placementOf, resourcesOf } from "./pod/placement.ts";
import type { SecretValues } from "./volumes.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/**
 * Holds the pod back until the objects that it mounts exist. The Job's deadline runs while its pod is gated; a suspended Job
 * would wait for ever if the client died in between.
 */
export const GATE = "slipway.dev/objects-created";

/** Seconds that a builder gets to end when its pod is deleted. It has nothing to save. */
const GRACE_SECONDS = 5;

/** Each asks one controller not to move, kill or join this pod. */
const POD_ANNOTATIONS = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
  ...NO_SIDECAR_ANNOTATIONS,
};

export interface BuildObjects {
  readonly job: V1Job;
  /** They do not belong to the build: they outlive it. */
  readonly claims?: readonly V1PersistentVolumeClaim[];
  readonly configMap?: V1ConfigMap;
  readonly secret?: V1Secret;
  /** Fields by which a pod template gives the pod more than an unprivileged build has, if that was allowed. */
  readonly unsafe?: readonly string[];
  readonly networkPolicy?: V1NetworkPolicy;
}

/**
 * @param dockerConfig the config.json to ship, when the plan's credentials are `shipped`
 * @param buildSecrets the values of the `--secret`s that come from the client
 */
export function objectsOf(
  plan: BuildPlan,
  builder: BuilderPod,
  delivery: Delivery,
  dockerConfig?: string,
  buildSecrets?: SecretValues,
): BuildObjects {
  const configMap = configMapOf(plan, builder, delivery);
  const { spec, data } = hideValues(podSpecOf(plan, builder, delivery), hiddenValues(plan), inputsName(plan.name));
  const secret = secretOf(plan, builder, { dockerConfig, buildSecrets, hidden: data });
  const networkPolicy = networkPolicyOf(plan);
  const awaited = [configMap, secret, networkPolicy].some((object) => object !== undefined);
  const { pod, unsafe } = podOf(plan, awaited ? gated(spec) : spec);
  const claims = [delivery.claim, cacheClaim(plan)].filter((claim) => claim !== undefined);
  return {
    job: jobOf(plan, builder, pod),
    ...(unsafe.length === 0 ? {} : { unsafe }),
    ...(claims.length === 0 ? {} : { claims }),
    ...omitUndefined({ configMap, secret, networkPolicy }),
  };
}

function gated(spec: V1PodSpec): V1PodSpec {
  return { ...spec, schedulingGates: [{ name: GATE }] };
}

/** The pod, with the user's template merged into it if there is one. */
function podOf(plan: BuildPlan, spec: V1PodSpec): LaidOver {
  const own = labelsOf(plan);
  const pod = { metadata: { labels: { ...own, ...NO_SIDECAR_LABELS }, annotations: POD_ANNOTATIONS }, spec };
  if (plan.podTemplate === undefined) return { pod, unsafe: [] };
  const { pod: merged, unsafe } = layOver(pod, plan.podTemplate, plan.allowUnsafeTemplate === true);
  // The build and its pod are found by them.
  const labels = { ...merged.metadata?.labels, ...own };
  return { pod: { ...merged, metadata: { ...merged.metadata, labels } }, unsafe };
}

function jobOf(plan: BuildPlan, { container }: BuilderPod, template: V1PodTemplateSpec): V1Job {
  const labels = labelsOf(plan);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: plan.name, labels, annotations: annotationsOf(plan, container.name) },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: plan.timeoutSeconds,
      ttlSecondsAfterFinished: plan.ttlSeconds,
      template,
    },
  };
}

function podSpecOf(plan: BuildPlan, builder: BuilderPod, delivery: Delivery): V1PodSpec {
  const own = (container: V1Container): V1Container => onOwnPart(container, delivery);
  // A quota or a LimitRange asks for resources of every container. Those of init containers do not add to the pod's.
  const sized = (container: V1Container): V1Container => ({ ...resourcesOf(plan), ...container });
  const before = [
    ...(delivery.receiver === undefined ? [] : [delivery.receiver]),
    ...(builder.initContainers ?? []).map(own),
  ].map(sized);
  return {
    restartPolicy: "Never",
    // Builders do not need it. The workload identities of clouds bring their own token (a webhook's volume, a metadata server).
    automountServiceAccountToken: false,
    ...omitUndefined({ serviceAccountName: plan.serviceAccount }),
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...placementOf(plan),
    ...builder.pod,
    ...(before.length === 0 ? {} : { initContainers: before }),
    containers: [
      { terminationMessagePolicy: "FallbackToLogsOnError", ...sized(own(builder.container)) },
      ...exporter(plan, userOf(builder)).map(sized),
    ],
    volumes: [
      ...(delivery.volume === undefined ? [] : [delivery.volume]),
      ...credentialVolumes(plan, builder),
      ...caVolumes(plan),
      ...fileVolumes(plan, builder),
      ...secretVolumes(plan),
      ...sshVolumes(plan),
      ...exportVolumes(plan),
      ...cacheVolumes(plan),
      ...builder.volumes,
    ],
  };
}

/** The user and group that the builder's files belong to. */
function userOf({ container: { securityContext } }: BuilderPod): ExporterIdentity {
  const { runAsUser: user = 0, runAsGroup: group = user } = securityContext ?? {};
  return { user, group };
}

/** On a volume that several builds share, a container sees only this build's part. */
function onOwnPart(container: V1Container, { subPath }: Delivery): V1Container {
  if (subPath === undefined) return container;
  const volumeMounts = container.volumeMounts?.map((mount) =>
    // The files are hard links to those of the cache: writing to one would change the other.
    mount.name === CONTEXT_VOLUME ? { ...mount, subPath, readOnly: true } : mount,
  );
  return { ...container, ...omitUndefined({ volumeMounts }) };
}

function credentialVolumes(plan: BuildPlan, { credentialFile }: BuilderPod): V1Volume[] {
  if (plan.credentials.kind === "none") return [];
  const secretName = plan.credentials.kind === "secret" ? plan.credentials.name : inputsName(plan.name);
  const item =
    credentialFile === undefined
      ? { key: ".dockerconfigjson", path: "config.json" }
      : { key: credentialFile.name, path: credentialFile.name };
  return [{ name: AUTH_VOLUME, secret: { secretName, items: [item] } }];
}

function caVolumes(plan: BuildPlan): V1Volume[] {
  if (plan.registries.ca === undefined) return [];
  return [{ name: CA_VOLUME, configMap: { name: inputsName(plan.name), items: [{ key: CA_FILE, path: CA_FILE }] } }];
}

function fileVolumes(plan: BuildPlan, { files }: BuilderPod): V1Volume[] {
  if (files === undefined) return [];
  const items = Object.keys(files).map((name) => ({ key: name, path: name }));
  return [{ name: FILES_VOLUME, configMap: { name: inputsName(plan.name), items } }];
}

function configMapOf(plan: BuildPlan, { files }: BuilderPod, delivery: Delivery): V1ConfigMap | undefined {
  const { ca } = plan.registries;
  const data = { ...files, ...omitUndefined({ [CA_FILE]: ca }) };
  if (delivery.binaryData === undefined && Object.keys(data).length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: inputsName(plan.name), labels: labelsOf(plan) },
    // The kubelet stops watching an immutable ConfigMap once it has read it.
    immutable: true,
    ...omitUndefined({ binaryData: delivery.binaryData }),
    ...(Object.keys(data).length === 0 ? {} : { data }),
  };
}

function credentialData(dockerConfig: string, file: CredentialFile | undefined): Record<string, string> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return {
    ".dockerconfigjson": base64(dockerConfig),
    ...(file === undefined ? {} : { [file.name]: base64(file.render(dockerConfig)) }),
  };
}

interface SecretContent {
  readonly dockerConfig: string | undefined;
  readonly buildSecrets: SecretValues | undefined;
  /** Hidden values by key. */
  readonly hidden: ReadonlyMap<string, string>;
}

function secretOf(
  plan: BuildPlan,
  { credentialFile }: BuilderPod,
  { dockerConfig, buildSecrets, hidden }: SecretContent,
): V1Secret | undefined {
  const data = {
    ...(dockerConfig === undefined ? {} : credentialData(dockerConfig, credentialFile)),
    ...secretData(buildSecrets),
    ...Object.fromEntries([...hidden].map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  };
  if (Object.keys(data).length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: inputsName(plan.name), labels: labelsOf(plan) },
    type: dockerConfig === undefined ? "Opaque" : "kubernetes.io/dockerconfigjson",
    immutable: true,
    data,
  };
}
