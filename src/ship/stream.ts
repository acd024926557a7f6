/** A context of any size over one exec connection into the pod's volume: verified, atomic, in up to three attempts. */
import { createHash, randomBytes } from "node:crypto";
import type { V1Volume } from "@kubernetes/client-node";
import type { OpenArchive } from "../pack/open-context.ts";
import { CONTEXT_VOLUME, RECEIVER } from "../plan/layout.ts";
import { ClusterError, SlipwayError, clauseOf } from "../errors.ts";
import { MAX_ATTEMPTS, withAttempts } from "./attempts.ts";
import { checkPod, commit, unpackFailed } from "./commit.ts";
import type { Delivery, Shipped } from "./delivery.ts";
import type { PodSession } from "./pod-session.ts";
import { MOUNT, REFUSAL, commitCommand, receiveCommand, receiver } from "./receiver.ts";
import type { ReceiverIdentity } from "./receiver.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** Before the second attempt, and twice that before the third: what cut the connection may be restarting. */
export const RETRY_PAUSE_MS = 500;

export function deliverByStream(open: OpenArchive, identity: ReceiverIdentity): Delivery {
  return delivery("stream", { name: CONTEXT_VOLUME, emptyDir: {} }, open, identity);
}

/** The same stream into a volume that is made and deleted with the pod, for contexts that a node's disk should not hold. */
export function deliverByVolume(
  open: OpenArchive,
  identity: ReceiverIdentity,
  volume: { readonly size: string; readonly storageClass?: string },
): Delivery {
  const claim: V1Volume = {
    name: CONTEXT_VOLUME,
    ephemeral: {
      volumeClaimTemplate: {
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: volume.size } },
          ...omitUndefined({ storageClassName: volume.storageClass }),
        },
      },
    },
  };
  return delivery("pvc", claim, open, identity);
}

function delivery(
  transport: "stream" | "pvc",
  volume: V1Volume,
  open: OpenArchive,
  identity: ReceiverIdentity,
): Delivery {
  return {
    transport,
    form: "directory",
    volume,
    receiver: receiver(identity),
    ship: (session) => shipByStream(session, open),
  };
}

/**
 * @param directory where the receiver waits for the context, below which it unpacks
 * @throws ClusterError when the pod is gone, has no room, or every attempt failed; what `open` throws
 */
export async function shipByStream(session: PodSession, open: OpenArchive, directory = MOUNT): Promise<Shipped> {
  const attempts = {
    pauseMs: RETRY_PAUSE_MS,
    check: () => checkPod(session),
    onRetry: (error: unknown, next: number) =>
      session.emit({
        type: "warning",
        message: `sending the context failed (${clauseOf(error)}); sending it again from the start, attempt ${next} of ${MAX_ATTEMPTS}`,
      }),
  };
  const sent = await withAttempts(session, attempts, () => sendOnce(session, open, directory));
  if (sent.kind === "exhausted") throw exhausted(sent.error);
  return { bytes: sent.value, attempts: sent.attempts };
}

async function sendOnce(session: PodSession, open: OpenArchive, directory: string): Promise<number> {
  const { cluster, pod, emit, signal } = session;
  const name = randomBytes(6).toString("hex");
  const hash = createHash("sha256");
  const report = new ReceiverReport();
  let bytes = 0;
  async function* hashed(): AsyncIterable<Uint8Array> {
    for await (const chunk of open()) {
      // The pod takes no more: the rest need not travel.
      if (report.refusal !== undefined) return;
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const exit = await cluster.exec(
    pod,
    RECEIVER,
    receiveCommand(name, directory),
    {
      stdin: hashed(),
      closeToEnd: true,
      onSent: (sent) => emit({ type: "upload", sent }),
      stderr: (chunk) => report.add(chunk),
    },
    signal,
  );
  if (report.refusal !== undefined || (exit.exitCode !== undefined && exit.exitCode !== 0)) {
    throw unpackFailed(report.refusal ?? report.lastLine, exit.exitCode);
  }
  await commit(session, commitCommand(name, hash.digest("hex"), directory));
  return bytes;
}

/** Standard error of the receiving command, and whether the command has given up. */
export class ReceiverReport {
  #text = "";

  add(chunk: Uint8Array): void {
    this.#text = (this.#text + Buffer.from(chunk).toString()).slice(-8192);
  }

  /** Why the command takes no more; undefined while it does. */
  get refusal(): string | undefined {
    const line = this.#text.split("\n").find((text) => text.startsWith(REFUSAL));
    return line?.slice(REFUSAL.length);
  }

  get lastLine(): string {
    return this.#text.trim().split("\n").at(-1) ?? "";
  }
}

function exhausted(error: unknown): ClusterError {
  return new ClusterError(`the context could not be sent in ${MAX_ATTEMPTS} attempts: ${clauseOf(error)}`, {
    suggestions: [
      ...(error instanceof SlipwayError ? error.suggestions : []),
      "Check whether a proxy or load balancer in between limits the time or the size of a connection.",
    ],
    cause: error,
  });
}
