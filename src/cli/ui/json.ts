import type { BuildEvent } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { SlipwayError } from "../../errors.ts";
import { describeFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { jsonText } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** The last line of a build that failed. */
export interface FailedLine extends Omit<Failure, "frames"> {
  readonly type: "failed";
  readonly exit: number;
  readonly line?: number;
  /** The Dockerfile's lines around the failure. */
  readonly excerpt?: readonly string[];
  readonly frames?: readonly string[];
}

/** What is documented in docs/reference/progress-json.md. */
export type JsonLine = (BuildEvent | FailedLine) & { readonly time: string };

/** One JSON object per line: a BuildEvent with its `time`, and an object of `type: "failed"` if the build fails. */
export class JsonView implements Progress {
  readonly #stream: ViewStream;
  readonly #clock: () => Date;
  #failed = false;

  constructor(stream: ViewStream, clock: () => Date = () => new Date()) {
    this.#stream = stream;
    this.#clock = clock;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    this.#write(event);
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const { frames, ...failure } = describeFailure(error);
    const { line, excerpt } = error instanceof SlipwayError ? error : {};
    this.#write({
      type: "failed",
      exit: exitCodeOf(error),
      ...failure,
      ...omitUndefined({ line, excerpt }),
      ...(frames.length > 0 ? { frames } : {}),
    });
  }

  /** This view uses no terminal, so it need not pause. */
  suspend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  [Symbol.dispose](): void {
    // This view holds no resource.
  }

  #write(fields: BuildEvent | FailedLine): void {
    this.#stream.write(`${jsonText({ time: this.#clock().toISOString(), ...fields })}\n`);
  }
}
