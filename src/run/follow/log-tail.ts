/** Follows the builder's log, emits each line, and keeps the last lines to explain a failure. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StepReader } from "../../builders/steps/reader.ts";
import type { Emit } from "../../events.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";

/** Enough for a compiler's errors, and for kaniko's error, after which it prints all of its flags (v1.24: 73 lines). */
const KEPT_LINES = 150;

/** How a builder's lines are shown. */
export interface BuilderLog {
  /** Removes the builder's decoration from a line. */
  readonly formatLogLine: (line: string) => string;
  /** Reads the lines as steps. Absent: they are only lines. */
  readonly steps?: StepReader;
  /** Called with each line as the builder wrote it, once it is shown. */
  readonly onLine?: (raw: string) => void;
}

export class LogTail {
  readonly #last: string[] = [];
  /** The last line that started a step, the last with which the builder ended, and how many lines came after each. */
  readonly #kept = new Map<"step" | "end", { readonly line: string; after: number }>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #cluster: Cluster;
  readonly #container: string;
  readonly #emit: Emit;
  readonly #endTimeoutMs: number;
  readonly #log: BuilderLog;

  /**
   * @param log how the builder's lines are shown
   * @param endTimeoutMs time that may pass between the log's end and the status that shows the container's end
   */
  constructor(cluster: Cluster, container: string, log: BuilderLog, emit: Emit, endTimeoutMs: number) {
    this.#log = log;
    this.#cluster = cluster;
    this.#container = container;
    this.#emit = emit;
    this.#endTimeoutMs = endTimeoutMs;
  }

  /**
   * The last lines. Before them, however much a command has printed, stands the line that started it. So does the builder's last line: the
   * container runtime reads standard output and standard error one by one, and the command's output may come after it.
   */
  get tail(): readonly string[] {
    const before = [...this.#kept.values()].filter(({ after }) => after >= KEPT_LINES);
    return [...before.toSorted((a, b) => b.after - a.after).map(({ line }) => line), ...this.#last];
  }

  /** Resolves when the whole log has been emitted. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** The container's status shows that it has ended: the next end of the stream is the end of the log. */
  containerEnded(): void {
    this.#ended.resolve();
  }

  async follow(pod: string, signal: AbortSignal): Promise<void> {
    const ended = (): Promise<boolean> =>
      Promise.race([this.#ended.promise.then(() => true), sleep(this.#endTimeoutMs, false, { ref: false })]);
    try {
      for await (const { line: raw, timestamp } of this.#cluster.logs(pod, this.#container, ended, signal)) {
        const line = this.#log.formatLogLine(raw);
        this.#last.push(line);
        if (this.#last.length > KEPT_LINES) this.#last.shift();
        for (const kept of this.#kept.values()) kept.after += 1;
        const events = this.#log.steps?.read(raw, timestamp) ?? [{ type: "log" as const, line, timestamp }];
        if (events.some((event) => event.type === "step-started" && event.background !== true))
          this.#kept.set("step", { line, after: 0 });
        if (events.some((event) => event.type === "log" && event.from === "repeat" && event.line !== ""))
          this.#kept.set("end", { line, after: 0 });
        for (const event of events) this.#emit(event.type === "log" ? { ...event, container: this.#container } : event);
        this.#log.onLine?.(raw);
      }
    } catch (error) {
      // The pod is deleted; its status or the Job shows why.
      if (httpStatusOf(error) !== 404) throw error;
      this.#emit({ type: "warning", message: "the end of the log is lost: the pod was deleted" });
    } finally {
      this.#finished.resolve();
    }
  }
}
