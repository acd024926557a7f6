import { tolerateBrokenPipe } from "./progress.ts";
import type { BuildEvent } from "../../events.ts";
import { BuildFailed } from "../../errors.ts";
import { failureLines } from "./failure.ts";
import type { Progress, ViewStream } from "./progress.ts";

/** What a person needs of a log to see why a build failed. */
const KEPT_LINES = 30;

/** Silence, unless it fails: `docker build -q`. Of a build that failed it shows the log's end. */
export class QuietView implements Progress {
  readonly #stream: ViewStream;
  readonly #log: string[] = [];
  #failed = false;

  constructor(stream: ViewStream) {
    this.#stream = stream;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    // Not even warnings: docker's -q says nothing but the answer.
    if (event.type !== "log") return;
    this.#log.push(event.line);
    if (this.#log.length > KEPT_LINES) this.#log.shift();
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const log = error instanceof BuildFailed ? this.#log : [];
    this.#stream.write(`${[...log, ...failureLines(error)].join("\n")}\n`);
  }

  suspend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  [Symbol.dispose](): void {
    // Nothing is held open.
  }
}
