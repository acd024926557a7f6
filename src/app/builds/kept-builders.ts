/** Kept builders as their user sees them: which there are, what they hold, and how one is ended. */
import type { V1Job } from "@kubernetes/client-node";
import { InvalidInput } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { identityOf } from "../../run/identity.ts";
import { dial } from "../../run/keep/dial.ts";
import { readKeepKey } from "../../run/keep/keep-key.ts";
import type { KeepKey } from "../../run/keep/keep-key.ts";
import {
  KEEP_ANNOTATION,
  buildsUnderWay,
  findEverybodysKept,
  findKept,
  isSigned,
  runningSince,
} from "../../run/keep/kept-builder.ts";
import type { KeptBuilder } from "../../run/keep/kept-builder.ts";
import { ANNOTATION, LABEL, isMadeAsBuild, madeWith } from "../../run/labels.ts";
import { waitFor } from "../../lib/waits/waits.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** How long a daemon may take to say what it holds, in milliseconds: a list is not to hang on one. */
const ANSWER_MS = 10_000;

export interface KeptRecord {
  readonly name: string;
  /** Who has started it. */
  readonly user: string;
  /** `linux/amd64`, or empty where any node would do. */
  readonly platform: string;
  /** `running`, or what it waits for in one word: `starting`. */
  readonly state: "running" | "starting";
  /** RFC 3339, by the cluster's clock. */
  readonly createdAt: string;
  /** When a client last wanted it. */
  readonly lastUsed: string;
  /** How long it stays after that, in seconds. */
  readonly keepSeconds: number;
  /** Bytes of its layers and caches; absent when it does not answer. */
  readonly diskBytes?: number;
  /** Builds under way that have run for more than ten seconds. */
  readonly builds: number;
  readonly pod?: string;
  readonly node?: string;
}

export const KEPT_FIELDS: readonly (keyof KeptRecord)[] = [
  "name",
  "user",
  "platform",
  "state",
  "createdAt",
  "lastUsed",
  "keepSeconds",
  "diskBytes",
  "builds",
  "pod",
  "node",
];

export interface KeptScope {
  readonly env: NodeJS.ProcessEnv;
  /** Also those of other users, by their labels. */
  readonly allUsers: boolean;
}

/** Those of this user, the youngest first; with all users, what a daemon holds is asked only of this user's. */
export async function listKept(cluster: Cluster, scope: KeptScope, signal: AbortSignal): Promise<KeptRecord[]> {
  const key = await readKeepKey(scope.env);
  const found = await findInScope(cluster, scope, signal);
  const keyOf = ({ job }: KeptBuilder): KeepKey | undefined =>
    key !== undefined && isSigned(job, key) ? key : undefined;
  return Promise.all(found.map((builder) => recordOf(cluster, builder, keyOf(builder), signal)));
}

/** Those of this user, or of all. To look for builders makes no key. */
export async function findInScope(
  cluster: Cluster,
  { env, allUsers }: KeptScope,
  signal: AbortSignal,
): Promise<KeptBuilder[]> {
  if (allUsers) {
    const all = await findEverybodysKept(cluster, signal);
    return all.filter(({ job }) => isMadeAsBuild(job) && madeWith(job)[LABEL.keep] !== undefined);
  }
  const key = await readKeepKey(env);
  return key === undefined ? [] : findKept(cluster, key, undefined, signal);
}

/**
 * Ends builders of this user, or of all, with their layers and caches.
 * @param names whole names or their beginnings; undefined: all
 * @returns the names of the ended builders
 * @throws InvalidInput if a name matches no builder, before any builder is ended
 */
export async function stopKept(
  cluster: Cluster,
  scope: KeptScope,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const found = (await findInScope(cluster, scope, signal)).map(({ job }) => identityOf(job));
  const all = found.map(({ name }) => name);
  const chosen = new Set(names?.map((name) => choose(all, name, cluster.namespace, scope.allUsers)) ?? all);
  for (const job of found.filter(({ name }) => chosen.has(name))) await cluster.remove("jobs", job, signal);
  return [...chosen];
}

function choose(found: readonly string[], name: string, namespace: string, allUsers: boolean): string {
  const matching = found.filter(
    (whole) => whole === name || whole.startsWith(name) || whole.startsWith(`slipway-keep-${name}`),
  );
  const [only] = matching;
  if (only !== undefined && (matching.length === 1 || matching.includes(name)))
    return matching.includes(name) ? name : only;
  throw new InvalidInput(
    matching.length === 0
      ? `there is no kept builder "${name}"${allUsers ? "" : " of yours"} in the namespace ${namespace}`
      : `${matching.length} kept builders begin with "${name}"`,
    { suggestions: [`See which there are: slipway keep${allUsers ? " --all-users" : ""}`] },
  );
}

async function recordOf(
  cluster: Cluster,
  { job, pod }: KeptBuilder,
  key: KeepKey | undefined,
  signal: AbortSignal,
): Promise<KeptRecord> {
  const { labels = {}, annotations = {}, creationTimestamp } = job.metadata ?? {};
  const selector = job.spec?.template.spec?.nodeSelector ?? {};
  const os = selector["kubernetes.io/os"];
  const arch = selector["kubernetes.io/arch"];
  const createdAt = new Date(creationTimestamp ?? 0).toISOString();
  const isRunning = pod !== undefined && runningSince(pod) !== undefined;
  const diskBytes =
    isRunning && key !== undefined
      ? await waitFor(`the kept builder ${nameOf(job)}`, () =>
          diskUsage(cluster, pod?.metadata?.name ?? "", identityOf(job).uid, key, signal),
        )
      : undefined;
  return {
    name: nameOf(job),
    user: annotations[ANNOTATION.createdBy] ?? labels[LABEL.user] ?? "",
    platform: os === undefined || arch === undefined ? "" : `${os}/${arch}`,
    state: isRunning ? "running" : "starting",
    createdAt,
    lastUsed: annotations[KEEP_ANNOTATION.lastUsed] ?? createdAt,
    keepSeconds: Number(annotations[KEEP_ANNOTATION.seconds] ?? 0),
    builds: buildsUnderWay(job, cluster.now()),
    ...omitUndefined({ diskBytes, pod: pod?.metadata?.name, node: pod?.spec?.nodeName }),
  };
}

/** Returns bytes; undefined where the daemon does not answer: the rest is still worth a line. */
async function diskUsage(
  cluster: Cluster,
  pod: string,
  job: string,
  key: KeepKey,
  signal: AbortSignal,
): Promise<number | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const { daemon } = await dial(cluster, { pod, job, way: "port" }, key, undefined, ANSWER_MS, limited);
    try {
      const usage = await daemon.diskUsage(limited);
      return usage.reduce((sum, { size }) => sum + Math.max(0, size), 0);
    } finally {
      daemon.close();
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function nameOf({ metadata }: V1Job): string {
  return metadata?.name ?? "";
}
