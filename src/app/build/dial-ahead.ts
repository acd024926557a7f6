/** The pod of the last build is dialled while it is still looked up. Builds that share a connection dial it once. */
import { DIAL_COMMAND } from "../../builders/buildkit/daemon.ts";
import type { Cluster, Pipe } from "../../lib/kube/cluster.ts";
import { DAEMON } from "../../run/keep/kept-builder.ts";

/** A pipe to a pod that may not be ours: nothing is sent before that is known. */
export class DialledAhead {
  readonly pod: string;
  readonly #pipe: Promise<Pipe>;
  readonly #dropped = new AbortController();
  #isTaken = false;

  /** @param signal ends the pipe */
  constructor(cluster: Cluster, pod: string, signal: AbortSignal) {
    this.pod = pod;
    this.#pipe = cluster.pipe(pod, DAEMON, DIAL_COMMAND, AbortSignal.any([signal, this.#dropped.signal]));
    void this.#tolerate();
  }

  /** The open pipe, at the first call; undefined at all others, and where it could not be opened. */
  async take(): Promise<Pipe | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const opened = await this.#pipe.catch(() => undefined);
    return opened?.destroyed === false ? opened : undefined;
  }

  /** Closes it, whether it is open yet or not. A pipe that somebody has taken stays. */
  drop(): void {
    if (!this.#isTaken) this.#dropped.abort(new Error("another pod is the builder"));
  }

  /** It need not be reported that the pod does not exist any more: the lookup finds that out as well. */
  async #tolerate(): Promise<void> {
    const opened = await this.#pipe.catch(() => undefined);
    opened?.on("error", () => {});
  }
}

/** The pipe that was dialled ahead, if it leads to this pod; else a new one. */
export async function pipeTo(
  cluster: Cluster,
  pod: string,
  ahead: DialledAhead | undefined,
  signal: AbortSignal,
): Promise<Pipe> {
  const taken = ahead?.pod === pod ? await ahead.take() : undefined;
  return taken ?? cluster.pipe(pod, DAEMON, DIAL_COMMAND, signal);
}
