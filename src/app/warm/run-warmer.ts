/** Runs the warmer to its end, and removes everything except the volume. */
import { outcomeError } from "../../builders/outcome.ts";
import { kaniko } from "../../builders/kaniko/kaniko.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { followBuild } from "../../run/follow/follow.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { identityOf } from "../../run/identity.ts";
import { removeStarted } from "../../run/remove.ts";
import { releasePod, startBuild } from "../../run/start.ts";
import type { StartedBuild } from "../../run/start.ts";
import { RECEIVER } from "../../plan/layout.ts";
import { WARMER } from "./warmer-pod.ts";
import { WarmerLog, warmerFailure } from "./warmed.ts";

/**
 * @param say gets a sentence about each wait, and each line of the warmer's log
 * @throws BuildFailed or AuthError if an image cannot be pulled; the other images are on the volume
 */
export async function runWarmer(
  cluster: Cluster,
  plan: BuildPlan,
  objects: BuildObjects,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const log = new WarmerLog();
  let started: StartedBuild | undefined;
  try {
    const { complete, gated, job } = (started = await startBuild(cluster, objects, signal));
    const end = await followBuild(
      cluster,
      {
        job: identityOf(job),
        containers: { receiver: RECEIVER, builder: WARMER },
        timeoutSeconds: plan.timeoutSeconds,
        imageFlags: ["--warmer-image"],
        formatLogLine: (line) => kaniko.formatLogLine(line),
        onPod: async (pod) => {
          await complete;
          if (gated) await releasePod(cluster, pod, signal);
        },
        onReceiving: async () => {},
        onState: () => {},
      },
      (event) => {
        if (event.type === "waiting") say(event.message);
        if (event.type !== "log") return;
        log.add(event.line);
        say(event.line);
      },
      signal,
    );
    const failure = warmerFailure(end, log, plan.cacheVolume ?? "");
    if (failure !== undefined) throw outcomeError(failure);
  } finally {
    await removeStarted(cluster, plan.name, started).catch(() => {});
  }
}
