/**
 * The moment from which a build no longer needs its client. Once the builder's container runs, the kubelet has copied what it
 * mounts into the pod: then the Secret and the ConfigMap are deleted, and a client that wants to detach can go.
 */
import { clauseOf } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import type { ClientLease } from "./client-lease.ts";
import type { PodState } from "./follow/pod-state.ts";
import type { BuildObjects } from "./objects.ts";
import { removeInputs } from "./remove.ts";
import type { Input } from "./remove.ts";

/** How long a client that wants to detach waits for the builder to start, once the context has arrived. */
const START_TIMEOUT_MS = 15_000;

export class Detachment {
  readonly #cluster: Cluster;
  readonly #objects: BuildObjects;
  readonly #emit: Emit;
  readonly #wanted: AbortSignal;
  readonly #detached = Promise.withResolvers<"left">();
  #removed: Promise<void> | undefined;
  #independent = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param wanted aborted when the client is to detach as soon as it can. */
  constructor(cluster: Cluster, objects: BuildObjects, emit: Emit, wanted: AbortSignal) {
    this.#cluster = cluster;
    this.#objects = objects;
    this.#emit = emit;
    this.#wanted = wanted;
    wanted.addEventListener("abort", () => this.#detachIfPossible(), { once: true });
  }

  /** Resolves when the client wants to detach and can. */
  get left(): Promise<"left"> {
    return this.#detached.promise;
  }

  /** Whether the build can finish without its client. */
  get independent(): boolean {
    return this.#independent;
  }

  /**
   * Called when everything the build needs is in the cluster. Ends the lease first: a build without its whole time must not lose
   * its client.
   * @throws what the lease's `release` throws
   */
  async contextArrived(lease: Pick<ClientLease, "release">): Promise<void> {
    await lease.release();
    this.#independent = true;
    this.#detachIfPossible();
  }

  /** @param inputs what the pod mounts, and needs no longer once its builder runs */
  observe({ kind }: PodState, inputs: readonly Input[]): void {
    if (kind !== "building" && kind !== "ended") return;
    this.#removed ??= removeInputs(this.#cluster, inputs).catch((error: unknown) => {
      const message = `could not delete the build's credentials and context now (${clauseOf(error)}); they are deleted with its Job`;
      this.#emit({ type: "warning", message });
    });
    this.#detachIfPossible();
  }

  /** Waits until the deletions that were started are done. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#removed;
  }

  #detachIfPossible(): void {
    if (!this.#wanted.aborted || !this.#independent) return;
    if (this.#removed !== undefined) {
      void this.#removed.then(() => this.#detached.resolve("left"));
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#warnOfSecret();
      this.#detached.resolve("left");
    }, START_TIMEOUT_MS);
  }

  #warnOfSecret(): void {
    if (this.#removed !== undefined || this.#objects.secret === undefined) return;
    this.#emit({
      type: "warning",
      message:
        "the builder has not started yet, so its Secret with the registry's password still exists; it is deleted when somebody attaches to the build, waits for it or removes it, or when the Job's TTL expires",
    });
  }
}
