/** Slipway's objects in the namespace that are no longer needed: ended builds, objects that lost their owner, cache volumes. */
import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { Cluster, Kind } from "../../lib/kube/cluster.ts";
import { AuthError } from "../../errors.ts";
import { inputsName } from "../../plan/inputs-name.ts";
import { identityOf } from "../../run/identity.ts";
import { LABEL, OUR_BUILDS, isBuildName, userLabel } from "../../run/labels.ts";
import { removeBuildOf } from "../../run/remove.ts";
import { CONTEXT_CLAIM, VOLUME_LABEL } from "../../ship/cache/claim.ts";
import { listBuilds } from "./find.ts";
import { hasEnded } from "./record.ts";

export interface Prunable {
  readonly kind: "build" | Exclude<Kind, "jobs">;
  readonly name: string;
  readonly uid: string;
  /** Why it can be deleted. */
  readonly why: string;
}

export interface PruneScope {
  /** Only objects of this user; undefined: of all users. */
  readonly user: string | undefined;
  /** Only objects of at least this age, in milliseconds. */
  readonly olderThan: number;
  /** Also cache volumes. */
  readonly volumes: boolean;
}

export interface Findings {
  readonly prunable: readonly Prunable[];
  /** Kinds that the user may not list, so that their objects are unknown. */
  readonly unseen: readonly Kind[];
}

interface Labelled {
  readonly metadata?: V1ObjectMeta;
}

/** Kinds that a build's Job owns: one of them without its Job has lost its owner. */
const OWNED = ["pods", "secrets", "configmaps"] as const;

/**
 * Finds objects by their labels and their names, which nobody can change later; they are removed by uid. What a Job that exists owns is not
 * left, whatever its labels say. A cache volume of a builder has a name that its user chose, so for it the labels are enough: who can write them can
 * already have it deleted, with an owner reference to a Job that does not exist.
 */
export async function findPrunable(cluster: Cluster, scope: PruneScope, signal: AbortSignal): Promise<Findings> {
  const { user, olderThan } = scope;
  const labelSelector = user === undefined ? OUR_BUILDS : `${OUR_BUILDS},${LABEL.user}=${userLabel(user)}`;
  const kinds = [...OWNED, ...(scope.volumes ? (["persistentvolumeclaims"] as const) : [])];
  // Lists the objects before the Jobs. So if a build starts in between, its Job is in the later list, or its objects are in neither.
  const listed = [];
  for (const kind of kinds) listed.push({ kind, objects: await listIfAllowed(cluster, kind, labelSelector, signal) });
  const [builds, all] = await Promise.all([listBuilds(cluster, user, signal), cluster.list("jobs", {}, signal)]);
  // Not only builds: somebody may have taken a build's labels away.
  const jobs = new Set(all.map(({ metadata }) => metadata?.name));
  const uids = new Set(all.map(({ metadata }) => metadata?.uid));
  const prunable: Prunable[] = builds
    .filter(({ record }) => hasEnded(record) && isOld(record.endedAt ?? record.createdAt))
    .map(({ job, record: { state, endedAt = "" } }) => ({
      kind: "build",
      ...identityOf(job),
      why: `${state} ${endedAt}`.trim(),
    }));
  for (const { kind, objects = [] } of listed) {
    for (const object of objects) {
      const { metadata } = object;
      const build = metadata?.labels?.[LABEL.build];
      const owners = metadata?.ownerReferences ?? [];
      const owned = (build !== undefined && jobs.has(build)) || owners.some(({ uid }) => uids.has(uid));
      if (!isNamedFor(kind, object)) continue;
      if (owned || !isOld(String(metadata?.creationTimestamp ?? ""))) continue;
      const why = kind === "persistentvolumeclaims" ? "a cache volume" : "left without its Job";
      prunable.push({ kind, ...identityOf(object), why });
    }
  }
  return { prunable, unseen: listed.flatMap(({ kind, objects }) => (objects === undefined ? [kind] : [])) };

  function isOld(time: string): boolean {
    return cluster.now() - Date.parse(time) >= olderThan;
  }
}

/** Whether the object has the name that slipway gives it. A user who may write labels on an object of somebody else cannot rename it. */
function isNamedFor(kind: (typeof OWNED)[number] | "persistentvolumeclaims", { metadata }: Labelled): boolean {
  const { name = "", labels = {}, ownerReferences = [] } = metadata ?? {};
  const build = labels[LABEL.build] ?? "";
  if (kind === "persistentvolumeclaims") return labels[VOLUME_LABEL] !== "context" || name.startsWith(CONTEXT_CLAIM);
  if (kind !== "pods") return name === inputsName(build);
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (controller !== undefined && (controller.kind !== "Job" || controller.name !== build)) return false;
  return isBuildName(build) && name.startsWith(`${build}-`);
}

export async function prune(cluster: Cluster, { kind, name, uid }: Prunable, signal: AbortSignal): Promise<void> {
  await (kind === "build" ? removeBuildOf(cluster, { name, uid }) : cluster.remove(kind, { name, uid }, signal));
}

async function listIfAllowed(
  cluster: Cluster,
  kind: Exclude<Prunable["kind"], "build">,
  labelSelector: string,
  signal: AbortSignal,
): Promise<readonly Labelled[] | undefined> {
  try {
    return await cluster.list(kind, { labelSelector }, signal);
  } catch (error) {
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}
