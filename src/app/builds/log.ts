/** A build's log without its result: the lines so far, or with `follow` all lines to its end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, LogLine } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { podState } from "../../run/follow/pod-state.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { FoundBuild } from "./find.ts";
import { hasEnded } from "./record.ts";

/** Before the pod's status is read, each time the stream ends or is silent for long: the status follows up to a second later. */
const STATUS_DELAY_MS = 1000;

/** @throws InvalidInput when the log does not exist yet, or no longer exists. */
export async function* buildLog(
  cluster: Cluster,
  { record, pod }: FoundBuild,
  follow: boolean,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const name = pod?.metadata?.name;
  if (name === undefined && hasEnded(record)) {
    throw new InvalidInput(`the build ${record.name} no longer has a log: its pod is deleted`, {
      suggestions: [`See its record: \`slipway inspect ${record.name}\`.`],
    });
  }
  const started = record.startedAt !== undefined;
  if (name === undefined || (!started && !follow)) {
    if (hasEnded(record)) return;
    throw new InvalidInput(
      `the build ${record.name} has no log yet: its state is ${record.state}${why(record.reason)}`,
      {
        suggestions: [`Wait for it: \`slipway attach ${record.name}\`.`],
      },
    );
  }
  const names = { receiver: RECEIVER, builder: record.container };
  const ended = async (): Promise<boolean> => {
    if (hasEnded(record)) return true;
    await sleep(STATUS_DELAY_MS, undefined, { signal }).catch(() => {});
    const { kind } = podState(await cluster.read("pods", name, signal), names);
    return kind === "ended" || kind === "failed";
  };
  yield* cluster.logs(name, record.container, ended, signal, { follow });
}

function why(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}
