/**
 * What builds of one command share, such as the targets of bake: the connection to the cluster, and to the kept builder that they all
 * use. It is paid for once, and the builds after the first find it open.
 */
import type { ConnectedCluster } from "../../lib/kube/connect.ts";
import type { Dialled, DialledAhead } from "../../run/keep/dial.ts";
import type { ClusterChoice } from "./wired-build.ts";

/** Does a work when all that were given before are done. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export class Sharing implements AsyncDisposable {
  /** One build starts a kept builder, and the others find it. */
  readonly inTurn: InTurn = takingTurns();
  readonly #connect: (choice: ClusterChoice) => Promise<ConnectedCluster>;
  readonly #clusters = new Map<string, Promise<ConnectedCluster>>();
  readonly #daemons = new Map<string, Promise<Dialled>>();
  readonly #ahead = new Map<string, DialledAhead>();
  readonly #ended = new AbortController();

  /** @param connect opens a connection to a cluster */
  constructor(connect: (choice: ClusterChoice) => Promise<ConnectedCluster>) {
    this.#connect = connect;
  }

  /** The end of one build does not close it. */
  async cluster({ kubeconfig, context, namespace }: ClusterChoice): Promise<ConnectedCluster> {
    const key = JSON.stringify([kubeconfig, context, namespace]);
    const connecting = this.#clusters.get(key) ?? this.#connect({ kubeconfig, context, namespace });
    this.#clusters.set(key, connecting);
    const keepOpen = async (): Promise<void> => {};
    return { ...(await connecting), close: keepOpen, [Symbol.asyncDispose]: keepOpen };
  }

  /**
   * @param pod the uid of the daemon's pod
   * @param open connects to it, until the signal is aborted: when all builds have ended
   */
  daemon(pod: string, open: (signal: AbortSignal) => Promise<Dialled>): Promise<Dialled> {
    const before = this.#daemons.get(pod);
    const opening = (async () => {
      const known = await before?.catch(() => undefined);
      return known?.daemon.channel.isOpen === true ? known : open(this.#ended.signal);
    })();
    this.#daemons.set(pod, opening);
    return opening;
  }

  /** Whether a daemon is or was connected. */
  get hasDaemon(): boolean {
    return this.#daemons.size > 0;
  }

  /**
   * @param pod its name
   * @param dial dials it, until the signal is aborted: when all builds have ended
   */
  ahead(pod: string, dial: (signal: AbortSignal) => DialledAhead): DialledAhead {
    const dialled = this.#ahead.get(pod) ?? dial(this.#ended.signal);
    this.#ahead.set(pod, dialled);
    return dialled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // First: a connection that is still being made is waited for.
    this.#ended.abort(new Error("the builds that shared a connection have ended"));
    for (const dialled of await Promise.allSettled(this.#daemons.values())) {
      if (dialled.status === "fulfilled") dialled.value.daemon.close();
    }
    for (const cluster of await Promise.allSettled(this.#clusters.values())) {
      if (cluster.status === "fulfilled") await cluster.value.close();
    }
  }
}

/** A connection of a build's own, or the one that it shares. */
export async function connected(choice: ClusterChoice, sharing: Sharing | undefined): Promise<ConnectedCluster> {
  if (sharing !== undefined) return sharing.cluster(choice);
  const { connect } = await import("../../lib/kube/connect.ts");
  return connect(choice);
}

/** @returns a function that does one work after the other, also after one that has failed */
export function takingTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
