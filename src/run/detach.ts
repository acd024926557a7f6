/**
 * The moment from which a build needs its client no more. Once the builder's container runs, the kubelet has copied what it
 * mounts into the pod, so the Secret and the ConfigMap are deleted there and then; a client that wants to leave can go.
 */
import type { Emit } from "../events.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import type { PodState } from "./follow/pod-state.ts";
import type { BuildObjects } from "./objects.ts";
import { removeInputs } from "./remove.ts";

/** How long one who wants to leave waits, once the context is in, for the builder to start, in milliseconds. */
const START_EXPECTED = 15_000;

export class Detachment {
  readonly #cluster: Cluster;
  readonly #objects: BuildObjects;
  readonly #emit: Emit;
  readonly #leave: AbortSignal;
  readonly #gone = Promise.withResolvers<"left">();
  #removed: Promise<void> | undefined;
  #contextIn = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param leave aborted when the client is to leave as soon as it may. */
  constructor(cluster: Cluster, objects: BuildObjects, emit: Emit, leave: AbortSignal) {
    this.#cluster = cluster;
    this.#objects = objects;
    this.#emit = emit;
    this.#leave = leave;
    leave.addEventListener("abort", () => this.#consider(), { once: true });
  }

  /** Settles when the client is to leave and may. */
  get left(): Promise<"left"> {
    return this.#gone.promise;
  }

  /** Whether the build goes on without its client. */
  get complete(): boolean {
    return this.#contextIn;
  }

  /** All the build needs is in the cluster, and it has its whole time there. */
  contextArrived(): void {
    this.#contextIn = true;
    this.#consider();
  }

  observe({ kind }: PodState): void {
    if (kind !== "building" && kind !== "ended") return;
    this.#removed ??= removeInputs(this.#cluster, this.#objects).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `could not remove the build's credentials and context at once (${reason}); they go with its Job`;
      this.#emit({ type: "warning", message });
    });
    this.#consider();
  }

  /** Waits until what was begun is done. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#removed;
  }

  #consider(): void {
    if (!this.#leave.aborted || !this.#contextIn) return;
    if (this.#removed !== undefined) {
      void this.#removed.then(() => this.#gone.resolve("left"));
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#sayWhatStays();
      this.#gone.resolve("left");
    }, START_EXPECTED);
  }

  #sayWhatStays(): void {
    if (this.#removed !== undefined || this.#objects.secret === undefined) return;
    this.#emit({
      type: "warning",
      message:
        "the builder has not started yet, so its Secret with the registry's password stays until somebody attaches to it, waits for it or removes it, or its Job's time is over",
    });
  }
}
