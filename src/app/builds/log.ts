/** A build's log as it is, without its result: what is there, or with `follow` all there will be. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, LogLine } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { podState } from "../../run/follow/pod-state.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { FoundBuild } from "./find.ts";
import { hasEnded } from "./record.ts";

/** How often it is asked whether the container has ended, in milliseconds: once each time the stream ends or is long silent. */
const ASK_AGAIN = 1000;

/** @throws InvalidInput when there is no log: not yet, or not any more. */
export async function* buildLog(
  cluster: Cluster,
  { record, pod }: FoundBuild,
  follow: boolean,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const name = pod?.metadata?.name;
  if (name === undefined && hasEnded(record)) {
    throw new InvalidInput(`the build ${record.name} has no log any more: its pod is gone`, {
      suggestions: [`See what is known of it: \`slipway inspect ${record.name}\`.`],
    });
  }
  const started = record.startedAt !== undefined;
  if (name === undefined || (!started && !follow)) {
    if (hasEnded(record)) return;
    throw new InvalidInput(`the build ${record.name} has no log yet: it is ${record.state}${why(record.reason)}`, {
      suggestions: [`Wait for it: \`slipway attach ${record.name}\`.`],
    });
  }
  const names = { receiver: RECEIVER, builder: record.container };
  const ended = async (): Promise<boolean> => {
    if (hasEnded(record)) return true;
    await sleep(ASK_AGAIN, undefined, { signal }).catch(() => {});
    const { kind } = podState(await cluster.read("pods", name, signal), names);
    return kind === "ended" || kind === "failed";
  };
  yield* cluster.logs(name, record.container, ended, signal, { follow });
}

function why(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}
