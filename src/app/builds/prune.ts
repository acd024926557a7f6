/** Slipway's objects in the namespace that are no longer needed: ended builds, objects that lost their owner, cache volumes. */
import type { Cluster, Kind } from "../../lib/kube/cluster.ts";
import { AuthError } from "../../errors.ts";
import { inputsName } from "../../plan/inputs-name.ts";
import { identityOf } from "../../run/identity.ts";
import { LABEL, OUR_BUILDS, userLabel } from "../../run/labels.ts";
import { removeBuildOf } from "../../run/remove.ts";
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
  readonly metadata?: { name?: string; uid?: string; labels?: Record<string, string>; creationTimestamp?: Date };
}

/** Kinds that a build's Job owns: one of them without its Job has lost its owner. */
const OWNED = ["pods", "secrets", "configmaps"] as const;

/** Kinds whose objects have a name that only slipway gives. */
const NAMED_BY_BUILD: ReadonlySet<Kind> = new Set(["secrets", "configmaps"]);

/**
 * Finds objects by their labels, and Secrets and ConfigMaps by their name as well; they are removed by uid. For pods and volumes the labels are
 * enough. This gives no new power to users who can write labels on such an object: they can already have it deleted with an owner
 * reference to a Job that does not exist.
 */
export async function findPrunable(cluster: Cluster, scope: PruneScope, signal: AbortSignal): Promise<Findings> {
  const { user, olderThan } = scope;
  const labelSelector = user === undefined ? OUR_BUILDS : `${OUR_BUILDS},${LABEL.user}=${userLabel(user)}`;
  const kinds = [...OWNED, ...(scope.volumes ? (["persistentvolumeclaims"] as const) : [])];
  // Lists the objects before the Jobs. So if a build starts in between, its Job is in the later list, or its objects are in neither.
  const listed = [];
  for (const kind of kinds) listed.push({ kind, objects: await listIfAllowed(cluster, kind, labelSelector, signal) });
  const builds = await listBuilds(cluster, user, signal);
  const jobs = new Set(builds.map(({ record }) => record.name));
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
      const owned = build !== undefined && jobs.has(build);
      // A user who may write labels on a Secret of somebody else cannot choose its name.
      if (NAMED_BY_BUILD.has(kind) && metadata?.name !== inputsName(build ?? "")) continue;
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
