/** Checks of the namespace and the cluster, from the objects that the user may read. */
import type { V1ResourceQuota } from "@kubernetes/client-node";
import type { Cluster, Kind, Kinds } from "../../lib/kube/cluster.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import { countArchitectures } from "../../run/node-architectures.ts";
import { claimingTransports } from "../../plan/transports.ts";
import { failed, ok, skip, warn } from "./check.ts";
import type { Check } from "./check.ts";

/** The namespace's label that sets its Pod Security level (https://kubernetes.io/docs/concepts/security/pod-security-admission/). */
const LEVEL = "pod-security.kubernetes.io/enforce";

/** The annotation of the storage class that is used when none is named. */
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** The namespace's Pod Security level; undefined if the user may not read the namespace. @throws ClusterError if it does not exist */
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
      suggestions: [`Create it: kubectl create namespace ${namespace}`, "Or choose another one with -n."],
    });
  }
}

/** Whether the quotas have room for the objects of one more build. The trial pod shows whether they have room for its resources. */
export async function quotaCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const name = "quota";
  const quotas = await listIfAllowed(cluster, "resourcequotas", signal);
  if (quotas === undefined) return skip(name, "you may not list quotas; the pod below shows whether they have room");
  if (quotas.length === 0) return ok(name, "the namespace has none");
  const full = quotas.flatMap((quota) => fullOnes(quota));
  if (full.length === 0)
    return ok(name, `the number of objects leaves room for another build: ${quotas.map(describe).join("; ")}`);
  const [{ quota }] = full as [(typeof full)[number]];
  return failed(
    name,
    new ClusterError(
      `there is no room for another build: ${full.map(({ what }) => what).join(", ")} of the quota "${quota}"`,
      {
        suggestions: [
          `See what uses it: kubectl describe quota ${quota} -n ${cluster.namespace}`,
          "Remove builds that have ended: slipway prune",
        ],
      },
    ),
  );
}

function describe({ metadata, status }: V1ResourceQuota): string {
  const shown = Object.entries(status?.hard ?? {}).slice(0, 3);
  return `${metadata?.name ?? ""} (${shown.map(([of, hard]) => `${status?.used?.[of] ?? "0"} of ${hard} ${of}`).join(", ")})`;
}

/** A build creates one Job, one pod, and at most one Secret and one ConfigMap. */
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
  if (ranges === undefined)
    return skip(name, "you may not list limit ranges; the pod below shows whether it fits them");
  const limits = ranges
    .flatMap(({ spec }) => spec?.limits ?? [])
    .filter(({ type }) => type !== "PersistentVolumeClaim");
  if (limits.length === 0) return ok(name, "the namespace has none");
  const memory = limits.map((limit) => limit._default?.["memory"]).find((value) => value !== undefined);
  const cpu = limits.map((limit) => limit._default?.["cpu"]).find((value) => value !== undefined);
  if (memory === undefined && cpu === undefined)
    return ok(name, "it sets no defaults: a build requests only what your flags say");
  const given = [
    ...(memory === undefined ? [] : [`${memory} of memory`]),
    ...(cpu === undefined ? [] : [`${cpu} CPU`]),
  ];
  return ok(
    name,
    `a build without flags for resources gets at most ${given.join(" and ")}; --requests and --limits change that`,
  );
}

/** For transports with a volume claim: which class provides the volume. */
export async function storageCheck(
  cluster: Cluster,
  wanted: { readonly needed: boolean; readonly storageClass?: string | undefined },
  signal: AbortSignal,
): Promise<Check> {
  const name = "storage class";
  if (!wanted.needed) return skip(name, `only --transport ${claimingTransports()} needs one`);
  const classes = await listIfAllowed(cluster, "storageclasses", signal);
  if (classes === undefined)
    return skip(name, "you may not list storage classes; the pod below shows whether it gets its volume");
  const names = classes.map(({ metadata }) => metadata?.name ?? "").join(", ") || "none";
  if (wanted.storageClass !== undefined) {
    const found = classes.some(({ metadata }) => metadata?.name === wanted.storageClass);
    if (found) return ok(name, `${wanted.storageClass} provides the context's volume`);
    return failed(
      name,
      new ClusterError(`there is no storage class "${wanted.storageClass}"`, {
        suggestions: [`Choose one of these with --storage-class: ${names}`],
      }),
    );
  }
  const standard = classes.find(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === "true");
  if (standard !== undefined) return ok(name, `${standard.metadata?.name} is the default`);
  return warn(name, `none is the default (there are: ${names})`, [
    "Choose one with --storage-class, or use --transport stream.",
  ]);
}

/** For which platforms the cluster's nodes can build. */
export async function nodesCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const name = "nodes";
  const nodes = await listIfAllowed(cluster, "nodes", signal);
  if (nodes === undefined) return skip(name, "you may not list nodes, so their platforms are not known");
  const linux = nodes.filter(({ metadata }) => metadata?.labels?.["kubernetes.io/os"] !== "windows");
  const counts = countArchitectures(linux).map(([arch, count]) => `linux/${arch} (${count})`);
  if (counts.length === 0) return warn(name, "there is no Linux node, and every builder needs one");
  return ok(name, `they build for ${counts.join(", ")}`);
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
