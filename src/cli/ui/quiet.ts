import { tolerateBrokenPipe } from "./progress.ts";
import type { BuildEvent } from "../../events.ts";
import { BuildFailed } from "../../errors.ts";
import { excerptLines, failureLines } from "./failure.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { isShownLater } from "./step-book.ts";
import { logLine, tameText, unforgeable } from "../../lib/terminal/output.ts";

/** Number of last log lines that are shown when a build fails. */
const KEPT_LINES = 30;

/** As `docker build -q`: prints nothing unless the build fails, and then the end of the log, the Dockerfile's lines and the error. */
export class QuietView implements Progress {
  readonly #stream: ViewStream;
  readonly #log: string[] = [];
  readonly #excerpt: string[] = [];
  #failed = false;

  constructor(stream: ViewStream) {
    this.#stream = stream;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    // Warnings are not shown either: docker's -q prints only the image ID.
    if (event.type !== "log") return;
    if (event.from === "excerpt") this.#excerpt.push(event.line);
    if (isShownLater(event)) return;
    this.#log.push(event.line);
    if (this.#log.length > KEPT_LINES) this.#log.shift();
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const log = error instanceof BuildFailed ? this.#log : [];
    const shown = log.map((line) => logLine(unforgeable(line), this.#stream));
    const lines = [...shown, ...excerptLines(error, this.#excerpt), ...failureLines(error).map(tameText)];
    this.#stream.write(`${lines.join("\n")}\n`);
  }

  suspend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  [Symbol.dispose](): void {
    // This view holds no resource.
  }
}
