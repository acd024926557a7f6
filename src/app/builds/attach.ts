/** Attaches to a running build: shows its log from the first line, and gives the same result as `build`. */
import type { Builder } from "../../builders/builder.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { hasLostContact } from "../../lib/kube/refusal.ts";
import { warnStillRunning } from "../../run/clean-up.ts";
import type { BuildResult } from "../../events.ts";
import { cancelSteps, isStopped, reportEnd } from "../../run/report-end.ts";
import type { Reporter } from "../../run/report-end.ts";
import { Stages } from "../../run/stages.ts";
import { ClusterError } from "../../errors.ts";
import { cancelledBy, cancelledError } from "../../run/cancelled.ts";
import { followBuild } from "../../run/follow/follow.ts";
import { timedOut } from "../../run/follow/pod-failure.ts";
import type { BuilderLog } from "../../run/follow/log-tail.ts";
import type { PodState } from "../../run/follow/pod-state.ts";
import { endPod } from "../../run/end-pod.ts";
import { identityOf } from "../../run/identity.ts";
import { removeInputsOf } from "../../run/remove.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { FoundBuild } from "./find.ts";
import type { BuildRecord } from "./record.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface AttachDeps extends Reporter {
  readonly cluster: Cluster;
  readonly builder: Pick<Builder, "outcome"> & BuilderLog;
}

/** @throws the error that `build` throws for the same end. */
export async function attachBuild(
  { record, pod, job }: FoundBuild,
  deps: AttachDeps,
  signal: AbortSignal,
): Promise<BuildResult> {
  const { cluster, builder, emit } = deps;
  const by = cancelledBy(job);
  if (record.state === "cancelled" && by !== undefined) throw cancelledError(by);
  if (pod === undefined && (record.state === "failed" || record.state === "timed-out")) throw goneError(record);
  const stages = new Stages(emit);
  stages.start("schedule", record.name);
  const inputs = new Inputs(cluster, record.name);
  let ending: Promise<void> | undefined;
  const end = await followBuild(
    cluster,
    {
      job: identityOf(job),
      containers: { receiver: RECEIVER, builder: record.container },
      timeoutSeconds: record.timeoutSeconds,
      formatLogLine: builder.formatLogLine,
      ...omitUndefined({ steps: builder.steps }),
      onPod: async () => {},
      onReceiving: async () =>
        emit({ type: "waiting", message: "waiting for the client that started the build to send its context" }),
      onState: (state) => {
        stages.observe(state);
        inputs.observe(state);
        if (state.kind === "gated") emit({ type: "waiting", message: "waiting for the client that started the build" });
      },
      onEnded: (ended, running) => void (ending = endPod(cluster, ended, running)),
    },
    emit,
    signal,
  ).catch((error: unknown) => {
    if (isStopped(error)) cancelSteps(builder.steps, emit);
    stages.fail();
    if (hasLostContact(error)) warnStillRunning(record.name, error, emit);
    throw error;
  });
  await Promise.all([inputs.removed, ending]);
  const { pushedAs = record.references, platform } = record;
  if (platform !== undefined) emit({ type: "note", message: onlyOnePlatform(platform, record) });
  return reportEnd(
    builder.outcome(end),
    { ...record, references: pushedAs },
    { ...deps, ...omitUndefined({ steps: builder.steps }) },
    stages,
  );
}

function onlyOnePlatform(platform: string, { references: [name = "the index"] }: BuildRecord): string {
  return `this is only the image for ${platform}: the client that started the build makes ${name} when all platforms are built`;
}

/** The Secret and ConfigMap of a build whose own client may have ended before it could delete them. */
class Inputs {
  readonly #cluster: Cluster;
  readonly #build: string;
  removed: Promise<void> | undefined;

  constructor(cluster: Cluster, build: string) {
    this.#cluster = cluster;
    this.#build = build;
  }

  observe({ kind }: PodState): void {
    if (kind !== "building" && kind !== "ended") return;
    // A user without the right to delete leaves them to another client, or to the Job's TTL.
    this.removed ??= removeInputsOf(this.#cluster, this.#build).catch(() => {});
  }
}

/** The error of a build of which only the Job is left. */
function goneError({ name, state, reason, timeoutSeconds }: BuildRecord): Error {
  if (state === "timed-out") return timedOut(timeoutSeconds);
  return new ClusterError(`the build ${name} failed: ${reason ?? "its pod is gone"}`, {
    suggestions: ["Build again."],
  });
}
