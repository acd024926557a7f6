/** A context kept on a volume between builds: only what changed is sent. If that fails for any reason, all of it is sent. */
import { randomBytes } from "node:crypto";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { CacheSource } from "../../pack/cache-source.ts";
import type { OpenArchive } from "../../pack/open-context.ts";
import { CONTEXT_VOLUME, RECEIVER } from "../../plan/layout.ts";
import { ClusterError, clauseOf } from "../../errors.ts";
import { MAX_ATTEMPTS, withAttempts } from "../attempts.ts";
import { checkPod, commit, unpackFailed } from "../commit.ts";
import type { Delivery, Shipped } from "../delivery.ts";
import type { PodSession } from "../pod-session.ts";
import { MOUNT, receiver } from "../receiver.ts";
import type { ReceiverIdentity } from "../receiver.ts";
import { RETRY_PAUSE_MS, ReceiverReport, shipByStream } from "../stream.ts";
import { cacheCommand, outcomeCommand, pathOf } from "./pod-script.ts";
import { Replies, converse } from "./protocol.ts";
import type { Progress } from "./protocol.ts";

export interface CachedContext {
  /** The name of the build. */
  readonly build: string;
  readonly claim: V1PersistentVolumeClaim;
  readonly source: CacheSource;
  /** All of the context, for when the cache cannot be used. */
  readonly open: OpenArchive;
  /** Names of the builds whose pods exist. */
  readonly live: (cluster: Cluster, signal: AbortSignal) => Promise<readonly string[]>;
}

export function deliverByCache(cached: CachedContext, identity: ReceiverIdentity): Delivery {
  return {
    transport: "cache",
    form: "directory",
    volume: { name: CONTEXT_VOLUME, persistentVolumeClaim: { claimName: cached.claim.metadata?.name ?? "" } },
    claim: cached.claim,
    subPath: pathOf(cached.build),
    receiver: receiver(identity, directoryOf(cached)),
    ship: (session) => shipByCache(cached, session),
  };
}

/** Returns the directory of this build on the volume, as the receiver sees it. */
function directoryOf({ build }: CachedContext): string {
  return `${MOUNT}/${pathOf(build)}`;
}

async function shipByCache(cached: CachedContext, session: PodSession): Promise<Shipped> {
  const { emit } = session;
  const warnOf = (error: unknown, next: string): void =>
    emit({ type: "warning", message: `sending the changes of the context failed (${clauseOf(error)}); ${next}` });
  const attempts = {
    pauseMs: RETRY_PAUSE_MS,
    check: () => checkPod(session),
    onRetry: (error: unknown, next: number) => warnOf(error, `trying again, attempt ${next} of ${MAX_ATTEMPTS}`),
  };
  const sent = await withAttempts(session, attempts, () => sendOnce(cached, session));
  if (sent.kind === "done" && sent.value.busy === undefined) {
    return { bytes: sent.value.bytes, attempts: sent.attempts };
  }
  if (sent.kind === "exhausted") {
    warnOf(sent.error, "sending all of it without the cache");
  } else {
    const owner = sent.value.busy?.owner ?? "";
    const by = owner === "" ? "" : ` by the build ${owner}`;
    emit({ type: "warning", message: `the cache of the context is in use${by}; sending all of the context` });
  }
  return shipByStream(session, cached.open, directoryOf(cached));
}

/** @throws ClusterError when the context that was sent is not there, or that cannot be learned. */
async function sendOnce(cached: CachedContext, session: PodSession): Promise<Progress> {
  const { cluster, pod, emit, signal } = session;
  const progress: Progress = { sent: false, bytes: 0 };
  const attempt = randomBytes(6).toString("hex");
  const replies = new Replies();
  const report = new ReceiverReport();
  // Older copies are kept if the running builds cannot be listed.
  const others = await cached.live(cluster, signal).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
  let code: number | undefined;
  try {
    ({ exitCode: code } = await cluster.exec(
      pod,
      RECEIVER,
      cacheCommand(attempt, cached.build, others),
      {
        stdin: untilRefused(converse(cached.source, replies, progress), report),
        closeToEnd: true,
        onSent: (sent) => emit({ type: "upload", sent }),
        stdout: (chunk) => replies.add(chunk),
        stderr: (chunk) => report.add(chunk),
      },
      signal,
    ));
  } catch (error) {
    // The container ends with the command's last act, so the connection may be lost before the exit code arrives.
    if (!progress.sent || signal.aborted || !(error instanceof ClusterError)) throw error;
  } finally {
    replies.end();
  }
  if (progress.busy !== undefined || code === 0) return progress;
  if (report.refusal !== undefined) throw unpackFailed(report.refusal, code);
  if (!progress.sent) throw unpackFailed(report.lastLine, code);
  await commit(session, outcomeCommand(attempt, directoryOf(cached)));
  return progress;
}

async function* untilRefused(chunks: AsyncIterable<Uint8Array>, report: ReceiverReport): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    if (report.refusal !== undefined) return;
    yield chunk;
  }
}
