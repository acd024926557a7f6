/** Finds builds in the cluster by the labels of their objects: by name, by the start of a name, or the latest. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { loadBuilder } from "../../builders/table.ts";
import { isBuilderName } from "../../plan/builder-names.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError, InvalidInput } from "../../errors.ts";
import { isAbandoned } from "../../run/client-lease.ts";
import { identityOf, podOf } from "../../run/identity.ts";
import { LABEL, OUR_BUILDS, isMadeAsBuild, madeWith, userLabel } from "../../run/labels.ts";
import { endOf, hasEnded, judgeUnknown, recordOf } from "./record.ts";
import type { BuildRecord, Judge } from "./record.ts";

export interface FoundBuild {
  readonly job: V1Job;
  readonly pod: V1Pod | undefined;
  readonly record: BuildRecord;
}

const ABANDONED = { state: "failed", reason: "its client is gone, and its Job is still suspended" } as const;

/** Stands for the user's own build that was started last. */
export const LATEST = "latest";

/**
 * The builds in the namespace, newest first.
 * @param user only builds of this user; undefined: of all users
 */
export async function listBuilds(
  cluster: Cluster,
  user: string | undefined,
  signal: AbortSignal,
  { allNamespaces = false }: { readonly allNamespaces?: boolean } = {},
): Promise<readonly FoundBuild[]> {
  const [jobs, pods] = await Promise.all([
    cluster.list("jobs", { labelSelector: OUR_BUILDS, allNamespaces }, signal),
    cluster.list("pods", { labelSelector: OUR_BUILDS, allNamespaces }, signal),
  ]);
  const wanted = jobs.filter((job) => isMadeAsBuild(job) && (user === undefined || isOf(user, job)));
  const builds = await Promise.all(
    wanted.map(async (job) => {
      const found = podOf(pods, identityOf(job));
      // `attach` reports that there are several.
      const pod = found === "several" ? undefined : found;
      const record = recordOf(job, pod, await judgeOf(job));
      return { job, pod, record: isAbandoned(job, cluster.now()) ? { ...record, ...ABANDONED } : record };
    }),
  );
  return builds.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
}

/** Whether this user has made the Job, as its template says. */
function isOf(user: string, job: V1Job): boolean {
  return madeWith(job)[LABEL.user] === userLabel(user);
}

export interface Wanted {
  /** A name, the start of one, with or without `slipway-`, or LATEST. */
  readonly name: string;
  /** The user whose latest build is meant. */
  readonly user: string;
  /** Whether this user started the Job with this uid on this machine. */
  readonly startedHere: (uid: string) => boolean;
  /** The builds that `latest` chooses from: default all. */
  readonly among?: "running" | "ended";
  /** All Jobs of the namespace, for `latest`: also those whose labels somebody has changed, so that they are not listed as builds. */
  readonly jobs?: readonly V1Job[];
}

/** @throws ClusterError when the latest build has lost its labels. InvalidInput when no build, or more than one, has this name. */
export function findBuild(builds: readonly FoundBuild[], wanted: Wanted, namespace: string): FoundBuild {
  const { name } = wanted;
  if (name === LATEST) return latest(builds, wanted, namespace);
  const found = builds.filter(
    ({ record }) => record.name.startsWith(name) || record.name.startsWith(`slipway-${name}`),
  );
  const exact = found.find(({ record }) => record.name === name);
  const isOwn = ({ job }: FoundBuild): boolean => wanted.startedHere(identityOf(job).uid);
  // A stranger can give a Job the short name of a build of this user's.
  const isShort = exact !== undefined && !isOwn(exact) && found.some(isOwn);
  if (exact !== undefined && !isShort) return exact;
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    throw new InvalidInput(`there is no build "${name}" in the namespace ${namespace}`, {
      suggestions: [
        "List them: `slipway ps -a --all-users`. A finished build is deleted after its --ttl.",
        "Or choose another namespace or cluster with -n and --context.",
      ],
    });
  }
  const names = found.slice(0, 5).map(({ record }) => record.name);
  throw new InvalidInput(
    `${found.length} builds start with "${name}": ${names.join(", ")}${found.length > 5 ? ", …" : ""}`,
    {
      suggestions: ["Give a longer part of the name."],
    },
  );
}

/**
 * Chooses the build to use if the user gives no name. It must have been started on this machine: a label does not prove who started
 * a build, because everyone who may create Jobs can write it.
 */
function latest(
  builds: readonly FoundBuild[],
  { user, among, startedHere, jobs = [] }: Wanted,
  namespace: string,
): FoundBuild {
  const isMeant = (ended: boolean): boolean => among === undefined || ended === (among === "ended");
  const mine = builds.filter(({ job, record }) => isOf(user, job) && isMeant(hasEnded(record)));
  const found = mine.find(({ job }) => startedHere(identityOf(job).uid));
  const known = new Set(builds.map(({ job }) => job.metadata?.uid));
  const hidden = jobs.find(
    (job) =>
      !known.has(job.metadata?.uid) &&
      startedHere(identityOf(job).uid) &&
      isOf(user, job) &&
      isMeant(endOf(job) !== undefined) &&
      (found === undefined || createdAt(job) > createdAt(found.job)),
  );
  if (hidden !== undefined) throw hiddenError(hidden);
  if (found !== undefined) return found;
  const [other] = mine;
  if (other !== undefined) {
    throw new InvalidInput(
      `you started no such build on this machine, so \`latest\` is unknown; the newest one of ${user} in the namespace ${namespace} is ${other.record.name}`,
      { suggestions: [`If that is the one you mean, name it: ${other.record.name}`] },
    );
  }
  const kind = among === undefined ? "" : among === "ended" ? "finished " : "running ";
  throw new InvalidInput(`you (${user}) have no ${kind}build in the namespace ${namespace}`, {
    suggestions: ["Name the build of another user: `slipway ps -a --all-users` lists all builds."],
  });
}

function createdAt({ metadata }: V1Job): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}

function hiddenError(job: V1Job): ClusterError {
  const { name } = identityOf(job);
  return new ClusterError(
    `somebody has changed the labels of the Job ${name}, your last build: it is not listed any more`,
    {
      suggestions: [
        `See them: kubectl get job ${name} --show-labels`,
        "Name the build that you mean. Ask who may patch Jobs in this namespace.",
      ],
    },
  );
}

async function judgeOf(job: V1Job): Promise<Judge> {
  const name = madeWith(job)[LABEL.builder] ?? "";
  if (!isBuilderName(name)) return judgeUnknown;
  const builder = await loadBuilder(name);
  return (end) => builder.outcome(end);
}
