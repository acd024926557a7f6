/** Follows the builder's log, hands on each line, and keeps the last ones for explaining a failure. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Emit } from "../../events.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";

/** Enough for a compiler's errors, and for kaniko's one before it prints all of its flags (v1.24: 73 lines). */
const KEPT_LINES = 150;

export class LogTail {
  readonly tail: string[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #cluster: Cluster;
  readonly #container: string;
  readonly #emit: Emit;
  readonly #patience: number;
  readonly #formatLogLine: (line: string) => string;

  /** @param formatLogLine takes a builder's own decoration off a line.
   *  @param patience milliseconds that may pass between the log's end and the news that the container has ended. */
  constructor(
    cluster: Cluster,
    container: string,
    formatLogLine: (line: string) => string,
    emit: Emit,
    patience: number,
  ) {
    this.#formatLogLine = formatLogLine;
    this.#cluster = cluster;
    this.#container = container;
    this.#emit = emit;
    this.#patience = patience;
  }

  /** Settles when the whole log has been handed on. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** The container's status says that it has ended: the log's next end is its last. */
  containerEnded(): void {
    this.#ended.resolve();
  }

  async follow(pod: string, signal: AbortSignal): Promise<void> {
    const ended = (): Promise<boolean> =>
      Promise.race([this.#ended.promise.then(() => true), sleep(this.#patience, false, { ref: false })]);
    try {
      for await (const { line: raw, timestamp } of this.#cluster.logs(pod, this.#container, ended, signal)) {
        const line = this.#formatLogLine(raw);
        this.tail.push(line);
        if (this.tail.length > KEPT_LINES) this.tail.shift();
        this.#emit({ type: "log", line, timestamp, container: this.#container });
      }
    } catch (error) {
      // The pod is deleted; why, its status or the Job says.
      if (httpStatusOf(error) !== 404) throw error;
      this.#emit({ type: "warning", message: "the end of the log is lost: its pod is gone" });
    } finally {
      this.#finished.resolve();
    }
  }
}
