/** What the namespace and the cluster have for a build, read from their objects as far as the user may read them. */
import type { V1ResourceQuota } from "@kubernetes/client-node";
import type { Cluster, Kind, Kinds } from "../../lib/kube/cluster.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import { failed, ok, skip, warn } from "./check.ts";
import type { Check } from "./check.ts";

/** The label of a namespace that sets its Pod Security level (https://kubernetes.io/docs/concepts/security/pod-security-admission/). */
const LEVEL = "pod-security.kubernetes.io/enforce";

/** Asked by the transport `pvc` of a cluster that has several classes. */
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** The namespace's Pod Security level; undefined where the user may not read the namespace. @throws ClusterError when there is no such namespace */
export async function podSecurityLevel(cluster: Cluster, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { metadata } = await cluster.read("namespaces", cluster.namespace, signal);
    if (metadata?.deletionTimestamp !== undefined) {
      throw new ClusterError(`the namespace "${cluster.namespace}" is being deleted`, {
        suggestions: ["Build in another namespace (-n)."],
      });
    }
    return metadata?.labels?.[LEVEL] ?? "none";
  } catch (error) {
    if (error instanceof AuthError) return undefined;
    if (httpStatusOf(error) !== 404) throw error;
    const { namespace } = cluster;
    throw new ClusterError(`the namespace "${namespace}" does not exist`, {
      suggestions: [`Create it: kubectl create namespace ${namespace}`, "Or name another with -n."],
    });
  }
}

/** Which quotas have no room for one more build, counted in pods and Jobs; what a pod asks of them, the pod itself shows. */
export async function quotaCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const name = "quota";
  const quotas = await listIfAllowed(cluster, "resourcequotas", signal);
  if (quotas === undefined) return skip(name, "you may not list quotas; the pod below meets them");
  if (quotas.length === 0) return ok(name, "the namespace has none");
  const full = quotas.flatMap((quota) => fullOnes(quota));
  if (full.length === 0) return ok(name, `there is room for a build: ${quotas.map(describe).join("; ")}`);
  const [{ quota }] = full as [(typeof full)[number]];
  return failed(
    name,
    new ClusterError(
      `there is no room for a build: ${full.map(({ what }) => what).join(", ")} of the quota "${quota}"`,
      {
        suggestions: [
          `See what uses it: kubectl describe quota ${quota} -n ${cluster.namespace}`,
          "Take away builds that have ended: slipway prune",
        ],
      },
    ),
  );
}

function describe({ metadata, status }: V1ResourceQuota): string {
  const shown = Object.entries(status?.hard ?? {}).slice(0, 3);
  return `${metadata?.name ?? ""} (${shown.map(([of, hard]) => `${status?.used?.[of] ?? "0"} of ${hard} ${of}`).join(", ")})`;
}

/** A build is one Job and one pod, and needs at most one Secret and one ConfigMap. */
const COUNTED = /^(?:pods|secrets|configmaps|count\/(?:pods|secrets|configmaps|jobs\.batch))$/;

function fullOnes({ metadata, status }: V1ResourceQuota): { quota: string; what: string }[] {
  return Object.entries(status?.hard ?? {}).flatMap(([of, hard]) => {
    const used = Number(status?.used?.[of] ?? 0);
    if (!COUNTED.test(of) || !(used >= Number(hard))) return [];
    return [{ quota: metadata?.name ?? "", what: `${used} of ${hard} ${of}` }];
  });
}

export async function limitRangeCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const name = "limit range";
  const ranges = await listIfAllowed(cluster, "limitranges", signal);
  if (ranges === undefined) return skip(name, "you may not list limit ranges; the pod below meets them");
  const limits = ranges
    .flatMap(({ spec }) => spec?.limits ?? [])
    .filter(({ type }) => type !== "PersistentVolumeClaim");
  if (limits.length === 0) return ok(name, "the namespace has none");
  const memory = limits.map((limit) => limit._default?.["memory"]).find((value) => value !== undefined);
  const cpu = limits.map((limit) => limit._default?.["cpu"]).find((value) => value !== undefined);
  if (memory === undefined && cpu === undefined) return ok(name, "it sets no default: a build asks for what you say");
  const given = [
    ...(memory === undefined ? [] : [`${memory} of memory`]),
    ...(cpu === undefined ? [] : [`${cpu} CPU`]),
  ];
  return ok(
    name,
    `a build that asks for nothing gets at most ${given.join(" and ")}; --memory and --cpu-quota ask for more`,
  );
}

/** For the transport `pvc`: which class makes the volume. */
export async function storageCheck(
  cluster: Cluster,
  wanted: { readonly needed: boolean; readonly storageClass?: string | undefined },
  signal: AbortSignal,
): Promise<Check> {
  const name = "storage class";
  if (!wanted.needed) return skip(name, "only --transport pvc needs one");
  const classes = await listIfAllowed(cluster, "storageclasses", signal);
  if (classes === undefined) return skip(name, "you may not list storage classes; the pod below needs its volume");
  const names = classes.map(({ metadata }) => metadata?.name ?? "").join(", ") || "none";
  if (wanted.storageClass !== undefined) {
    const found = classes.some(({ metadata }) => metadata?.name === wanted.storageClass);
    if (found) return ok(name, `${wanted.storageClass} makes the context's volume`);
    return failed(
      name,
      new ClusterError(`there is no storage class "${wanted.storageClass}"`, {
        suggestions: [`Name one of these with --storage-class: ${names}`],
      }),
    );
  }
  const standard = classes.find(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === "true");
  if (standard !== undefined) return ok(name, `${standard.metadata?.name} is the default one`);
  return warn(name, `none is the default one (there are: ${names})`, [
    "Name one with --storage-class, or use --transport stream.",
  ]);
}

async function listIfAllowed<K extends Kind>(
  cluster: Cluster,
  kind: K,
  signal: AbortSignal,
): Promise<readonly Kinds[K][] | undefined> {
  try {
    return await cluster.list(kind, {}, signal);
  } catch (error) {
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}
