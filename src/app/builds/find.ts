/** Finds builds in the cluster by what their objects say: by name, by a name's beginning, or the latest. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { loadBuilder } from "../../builders/table.ts";
import { isBuilderName } from "../../plan/builder-names.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { JOB_LABEL } from "../../run/follow/pod-changes.ts";
import { LABEL, OUR_BUILDS, labelValue } from "../../run/labels.ts";
import { hasEnded, judgeUnknown, recordOf } from "./record.ts";
import type { BuildRecord, Judge } from "./record.ts";

export interface FoundBuild {
  readonly job: V1Job;
  readonly pod: V1Pod | undefined;
  readonly record: BuildRecord;
}

/** Stands for the build of one's own that was started last. */
export const LATEST = "latest";

/**
 * The namespace's builds, newest first.
 * @param user only this user's; undefined: everybody's.
 */
export async function listBuilds(
  cluster: Cluster,
  user: string | undefined,
  signal: AbortSignal,
): Promise<readonly FoundBuild[]> {
  const labelSelector = user === undefined ? OUR_BUILDS : `${OUR_BUILDS},${LABEL.user}=${labelValue(user)}`;
  const [jobs, pods] = await Promise.all([
    cluster.list("jobs", { labelSelector }, signal),
    cluster.list("pods", { labelSelector }, signal),
  ]);
  const podOf = new Map(pods.map((pod) => [pod.metadata?.labels?.[JOB_LABEL] ?? "", pod]));
  const builds = await Promise.all(
    jobs.map(async (job) => {
      const pod = podOf.get(job.metadata?.name ?? "");
      return { job, pod, record: recordOf(job, pod, await judgeOf(job)) };
    }),
  );
  return builds.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
}

export interface Wanted {
  /** A name, the beginning of one, with or without `slipway-`, or LATEST. */
  readonly name: string;
  /** Whose latest. */
  readonly user: string;
  /** What `latest` chooses among: default all. */
  readonly among?: "running" | "ended";
}

/** @throws InvalidInput when there is none such, or more than one. */
export function findBuild(builds: readonly FoundBuild[], { name, user, among }: Wanted, namespace: string): FoundBuild {
  if (name === LATEST) return latest(builds, user, among, namespace);
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
        "See which there are: `slipway ps -a --all-users`. A finished build goes by its --ttl.",
        "Another namespace or cluster is chosen with -n and --context.",
      ],
    });
  }
  const names = found.slice(0, 5).map(({ record }) => record.name);
  throw new InvalidInput(
    `${found.length} builds begin with "${name}": ${names.join(", ")}${found.length > 5 ? ", …" : ""}`,
    {
      suggestions: ["Give more of the name."],
    },
  );
}

function latest(builds: readonly FoundBuild[], user: string, among: Wanted["among"], namespace: string): FoundBuild {
  const mine = builds.filter(({ job }) => job.metadata?.labels?.[LABEL.user] === labelValue(user));
  const found = mine.find(({ record }) => among === undefined || hasEnded(record) === (among === "ended"));
  if (found !== undefined) return found;
  const kind = among === undefined ? "" : among === "ended" ? "finished " : "running ";
  throw new InvalidInput(`there is no ${kind}build of yours (${user}) in the namespace ${namespace}`, {
    suggestions: ["Name one of another user's: `slipway ps -a --all-users` lists all of them."],
  });
}

async function judgeOf(job: V1Job): Promise<Judge> {
  const name = job.metadata?.labels?.[LABEL.builder] ?? "";
  if (!isBuilderName(name)) return judgeUnknown;
  const builder = await loadBuilder(name);
  return (end) => builder.outcome(end);
}
