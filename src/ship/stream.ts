/** A context of any size over one exec connection into the pod's volume: verified, atomic, tried three times. */
import type { OpenArchive } from "../pack/open-context.ts";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { V1Volume } from "@kubernetes/client-node";
import type { Emit } from "../events.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { ClusterError, SlipwayError, clauseOf } from "../errors.ts";
import { Unmendable, commit, unaccepted, whyGone } from "./commit.ts";
import { MOUNT, REFUSAL, commitCommand, receiveCommand, receiver } from "./receiver.ts";
import { CONTEXT_VOLUME, RECEIVER } from "../plan/layout.ts";
import type { ReceiverIdentity } from "./receiver.ts";
import type { Delivery, Shipped } from "./delivery.ts";

const ATTEMPTS = 3;

/** Before the second attempt, in milliseconds, and twice that before the third: what cut the connection may be restarting. */
const PAUSE = 500;

export function deliverByStream(open: OpenArchive, identity: ReceiverIdentity): Delivery {
  return delivery("stream", { name: CONTEXT_VOLUME, emptyDir: {} }, open, identity);
}

/** The same stream into a volume of the pod's own, made and deleted with it, for what a node's disk should not carry. */
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
          ...(volume.storageClass === undefined ? {} : { storageClassName: volume.storageClass }),
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
    ship: (cluster, pod, emit, signal) => shipByStream(cluster, pod, open, emit, signal),
  };
}

/** @param place where the receiver waits for the context, below which it unpacks */
export async function shipByStream(
  cluster: Cluster,
  pod: string,
  open: OpenArchive,
  emit: Emit,
  signal: AbortSignal,
  place = MOUNT,
): Promise<Shipped> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { bytes: await sendOnce(cluster, pod, open, emit, signal, place), attempts: attempt };
    } catch (error) {
      // What the user has to mend (a file that cannot be read, a missing right) does not get better by trying again.
      const hopeless = !(error instanceof ClusterError) && error instanceof SlipwayError;
      if (signal.aborted || hopeless || error instanceof Unmendable) throw error;
      const gone = await whyGone(cluster, pod, signal);
      if (gone !== undefined) throw gone;
      if (attempt === ATTEMPTS) throw exhausted(error);
      emit({
        type: "warning",
        message: `sending the context failed (${clauseOf(error)}); sending it again from the start, attempt ${attempt + 1} of ${ATTEMPTS}`,
      });
      await pause(attempt * PAUSE, undefined, { signal });
    }
  }
}

async function sendOnce(
  cluster: Cluster,
  pod: string,
  open: OpenArchive,
  emit: Emit,
  signal: AbortSignal,
  place: string,
): Promise<number> {
  const name = randomBytes(6).toString("hex");
  const hash = createHash("sha256");
  const report = new ReceiverReport();
  let bytes = 0;
  async function* hashed(): AsyncIterable<Uint8Array> {
    for await (const chunk of open()) {
      // The pod takes no more: what is left need not travel.
      if (report.said !== undefined) return;
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const exit = await cluster.exec(
    pod,
    RECEIVER,
    receiveCommand(name, place),
    {
      stdin: hashed(),
      closeToEnd: true,
      onSent: (sent) => emit({ type: "upload", sent }),
      stderr: (chunk) => report.add(chunk),
    },
    signal,
  );
  if (report.said !== undefined || (exit.exitCode !== undefined && exit.exitCode !== 0)) {
    throw unaccepted(report.said ?? report.last, exit.exitCode);
  }
  await commit(cluster, pod, commitCommand(name, hash.digest("hex"), place), signal);
  return bytes;
}

/** What the receiving command says, and whether it has given up. */
export class ReceiverReport {
  #text = "";

  add(chunk: Uint8Array): void {
    this.#text = (this.#text + Buffer.from(chunk).toString()).slice(-8192);
  }

  get said(): string | undefined {
    const line = this.#text.split("\n").find((text) => text.startsWith(REFUSAL));
    return line?.slice(REFUSAL.length);
  }

  get last(): string {
    return this.#text.trim().split("\n").at(-1) ?? "";
  }
}

function exhausted(error: unknown): ClusterError {
  return new ClusterError(`the context could not be sent in ${ATTEMPTS} attempts: ${clauseOf(error)}`, {
    suggestions: [
      ...(error instanceof SlipwayError ? error.suggestions : []),
      "Look whether a proxy or load balancer in between limits how long or how much a connection may carry.",
    ],
    cause: error,
  });
}
