/** Slipway's objects in the namespace that are no longer needed: ended builds, objects that lost their owner, cache volumes. */
import type { Cluster, Kind } from "../../lib/kube/cluster.ts";
import { AuthError } from "../../errors.ts";
import { LABEL, OUR_BUILDS, labelValue } from "../../run/labels.ts";
import { removeBuildOf } from "../../run/remove.ts";
import { listBuilds } from "./find.ts";
import { hasEnded } from "./record.ts";

export interface Prunable {
  readonly kind: "build" | Exclude<Kind, "jobs">;
  readonly name: string;
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
  readonly metadata?: { name?: string; labels?: Record<string, string>; creationTimestamp?: Date };
}

/** Kinds that a build's Job owns: one of them without its Job has lost its owner. */
const OWNED = ["pods", "secrets", "configmaps"] as const;

export async function findPrunable(cluster: Cluster, scope: PruneScope, signal: AbortSignal): Promise<Findings> {
  const { user, olderThan } = scope;
  const builds = await listBuilds(cluster, user, signal);
  const jobs = new Set(builds.map(({ record }) => record.name));
  const prunable: Prunable[] = builds
    .map(({ record }) => record)
    .filter((record) => hasEnded(record) && isOld(record.endedAt ?? record.createdAt))
    .map(({ name, state, endedAt = "" }) => ({ kind: "build", name, why: `${state} ${endedAt}`.trim() }));
  const unseen: Kind[] = [];
  const labelSelector = user === undefined ? OUR_BUILDS : `${OUR_BUILDS},${LABEL.user}=${labelValue(user)}`;
  for (const kind of [...OWNED, ...(scope.volumes ? (["persistentvolumeclaims"] as const) : [])]) {
    const objects = await listIfAllowed(cluster, kind, labelSelector, signal);
    if (objects === undefined) unseen.push(kind);
    for (const { metadata } of objects ?? []) {
      const build = metadata?.labels?.[LABEL.build];
      const owned = build !== undefined && jobs.has(build);
      if (owned || !isOld(String(metadata?.creationTimestamp ?? ""))) continue;
      const why = kind === "persistentvolumeclaims" ? "a cache volume" : "left without its Job";
      prunable.push({ kind, name: metadata?.name ?? "", why });
    }
  }
  return { prunable, unseen };

  function isOld(time: string): boolean {
    return cluster.now() - Date.parse(time) >= olderThan;
  }
}

export async function prune(cluster: Cluster, { kind, name }: Prunable, signal: AbortSignal): Promise<void> {
  await (kind === "build" ? removeBuildOf(cluster, name) : cluster.remove(kind, name, signal));
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
