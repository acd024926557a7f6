/** Finds builds in the cluster by the labels of their objects: by name, by the start of a name, or the latest. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { loadBuilder } from "../../builders/table.ts";
import { isBuilderName } from "../../plan/builder-names.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { isAbandoned } from "../../run/client-lease.ts";
import { identityOf, podOf } from "../../run/identity.ts";
import { LABEL, OUR_BUILDS, userLabel } from "../../run/labels.ts";
import { hasEnded, judgeUnknown, recordOf } from "./record.ts";
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
  const labelSelector = user === undefined ? OUR_BUILDS : `${OUR_BUILDS},${LABEL.user}=${userLabel(user)}`;
  const [jobs, pods] = await Promise.all([
    cluster.list("jobs", { labelSelector, allNamespaces }, signal),
    cluster.list("pods", { labelSelector, allNamespaces }, signal),
  ]);
  const builds = await Promise.all(
    jobs.map(async (job) => {
      const found = podOf(pods, identityOf(job));
      // `attach` reports that there are several.
      const pod = found === "several" ? undefined : found;
      const record = recordOf(job, pod, await judgeOf(job));
      return { job, pod, record: isAbandoned(job, cluster.now()) ? { ...record, ...ABANDONED } : record };
    }),
  );
  return builds.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
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
}

/** @throws InvalidInput when no build, or more than one, has this name. */
export function findBuild(builds: readonly FoundBuild[], wanted: Wanted, namespace: string): FoundBuild {
  const { name } = wanted;
  if (name === LATEST) return latest(builds, wanted, namespace);
  const exact = builds.find(({ record }) => record.name === name);
  if (exact !== undefined) return exact;
  const found = builds.filter(
    ({ record }) => record.name.startsWith(name) || record.name.startsWith(`slipway-${name}`),
  );
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
function latest(builds: readonly FoundBuild[], { user, among, startedHere }: Wanted, namespace: string): FoundBuild {
  const mine = builds.filter(
    ({ job, record }) =>
      job.metadata?.labels?.[LABEL.user] === userLabel(user) &&
      (among === undefined || hasEnded(record) === (among === "ended")),
  );
  const found = mine.find(({ job }) => startedHere(identityOf(job).uid));
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

async function judgeOf(job: V1Job): Promise<Judge> {
  const name = job.metadata?.labels?.[LABEL.builder] ?? "";
  if (!isBuilderName(name)) return judgeUnknown;
  const builder = await loadBuilder(name);
  return (end) => builder.outcome(end);
}
