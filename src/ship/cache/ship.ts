/** A context kept on a volume between builds: only what changed travels. Whatever stands in the way of that, all of it does. */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import type { Emit } from "../../events.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError, SlipwayError, clauseOf } from "../../errors.ts";
import { cacheCommand, outcomeCommand, placeOf } from "./pod-script.ts";
import { Replies, converse } from "./protocol.ts";
import type { Progress } from "./protocol.ts";
import type { CacheSource } from "../../pack/cache-source.ts";
import { Unmendable, commit, unaccepted, whyGone } from "../commit.ts";
import { MOUNT, receiver } from "../receiver.ts";
import { CONTEXT_VOLUME, RECEIVER } from "../../plan/layout.ts";
import type { ReceiverIdentity } from "../receiver.ts";
import { ReceiverReport, shipByStream } from "../stream.ts";
import type { OpenArchive } from "../../pack/open-context.ts";
import type { Delivery, Shipped } from "../delivery.ts";

const ATTEMPTS = 3;
/** Before another attempt, in milliseconds, times the number of the one before. */
const PAUSE = 500;

export interface CachedContext {
  /** The name of the build. */
  readonly build: string;
  readonly claim: V1PersistentVolumeClaim;
  readonly source: CacheSource;
  /** All of the context, when the cache cannot be used. */
  readonly open: OpenArchive;
  /** Names of the builds whose pods are there. */
  readonly live: (cluster: Cluster, signal: AbortSignal) => Promise<readonly string[]>;
}

export function deliverByCache(cached: CachedContext, identity: ReceiverIdentity): Delivery {
  const place = placeOf(cached.build);
  return {
    transport: "cache",
    form: "directory",
    volume: { name: CONTEXT_VOLUME, persistentVolumeClaim: { claimName: cached.claim.metadata?.name ?? "" } },
    claim: cached.claim,
    subPath: place,
    receiver: receiver(identity, `${MOUNT}/${place}`),
    ship: (cluster, pod, emit, signal) => shipByCache(cached, cluster, pod, emit, signal),
  };
}

async function shipByCache(
  cached: CachedContext,
  cluster: Cluster,
  pod: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<Shipped> {
  for (let attempt = 1; ; attempt++) {
    const progress: Progress = { sent: false, bytes: 0 };
    try {
      await sendOnce(cached, cluster, pod, progress, emit, signal);
      if (progress.busy === undefined) return { bytes: progress.bytes, attempts: attempt };
    } catch (error) {
      // What the user has to mend does not get better by trying again.
      const hopeless = !(error instanceof ClusterError) && error instanceof SlipwayError;
      if (signal.aborted || hopeless || error instanceof Unmendable) throw error;
      const gone = await whyGone(cluster, pod, signal);
      if (gone !== undefined) throw gone;
      const again = attempt < ATTEMPTS;
      const next = again
        ? `trying again, attempt ${attempt + 1} of ${ATTEMPTS}`
        : "sending all of it without the cache";
      emit({ type: "warning", message: `sending what changed of the context failed (${clauseOf(error)}); ${next}` });
      if (again) {
        await pause(attempt * PAUSE, undefined, { signal });
        continue;
      }
    }
    if (progress.busy !== undefined) {
      const owner = progress.busy.owner === "" ? "" : ` by the build ${progress.busy.owner}`;
      emit({ type: "warning", message: `the context's cache is in use${owner}; sending all of the context` });
    }
    return shipByStream(cluster, pod, cached.open, emit, signal, `${MOUNT}/${placeOf(cached.build)}`);
  }
}

/** @throws ClusterError when what was sent is not there, or it cannot be learned. */
async function sendOnce(
  { build, source, live }: CachedContext,
  cluster: Cluster,
  pod: string,
  progress: Progress,
  emit: Emit,
  signal: AbortSignal,
): Promise<void> {
  const attempt = randomBytes(6).toString("hex");
  const replies = new Replies();
  const report = new ReceiverReport();
  // Older copies stay when nobody can say whose they are.
  const others = await live(cluster, signal).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
  let code: number | undefined;
  try {
    ({ exitCode: code } = await cluster.exec(
      pod,
      RECEIVER,
      cacheCommand(attempt, build, others),
      {
        stdin: untilGivenUp(converse(source, replies, progress), report),
        closeToEnd: true,
        onSent: (sent) => emit({ type: "upload", sent }),
        stdout: (chunk) => replies.add(chunk),
        stderr: (chunk) => report.add(chunk),
      },
      signal,
    ));
  } catch (error) {
    // The container ends with the command's last act: the connection may be gone before its exit code came.
    if (!progress.sent || signal.aborted || !(error instanceof ClusterError)) throw error;
  } finally {
    replies.end();
  }
  if (progress.busy !== undefined || code === 0) return;
  if (report.said !== undefined) throw unaccepted(report.said, code);
  if (!progress.sent) throw unaccepted(report.last, code);
  await commit(cluster, pod, outcomeCommand(attempt, `${MOUNT}/${placeOf(build)}`), signal);
}

async function* untilGivenUp(chunks: AsyncIterable<Uint8Array>, report: ReceiverReport): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    if (report.said !== undefined) return;
    yield chunk;
  }
}
