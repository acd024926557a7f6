import type { BuildEvent } from "../../events.ts";
import type { Wait } from "../../lib/waits/waits.ts";

/** Errors of a stream that has no reader any more: `slipway build | head`, a closed terminal. */
const READER_GONE: ReadonlySet<string> = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

const guarded = new WeakSet<object>();

/** Keeps the process running when the reader of the stream goes away. Any other error is thrown. */
export function tolerateBrokenPipe(stream: NodeJS.WritableStream): void {
  if (guarded.has(stream)) return;
  guarded.add(stream);
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!READER_GONE.has(error.code ?? "")) throw error;
  });
}

/** Whether rows can be drawn on it: a terminal that moves its cursor. One without a screen (script(1) without one, some CI runners) has 0 columns. */
export function canDrawRows(
  { isTTY, columns }: Pick<ViewStream, "isTTY" | "columns">,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTTY === true && env["TERM"] !== "dumb" && columns !== 0;
}

/**
 * Whether a person reads the view: not a pipeline, and not a program that reads the progress.
 * @param progress a mode of PROGRESS_MODES
 */
export function isReadByPerson(progress: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const isInPipeline = (env["CI"] ?? "") !== "" && env["CI"] !== "false";
  return !isInPipeline && ["auto", "plain", "tty"].includes(progress);
}

/** A view of a build, on a terminal or in a log. It writes only to stderr. */
export interface Progress extends Disposable {
  emit(event: BuildEvent): void;
  /** Shows once, in the view's own format, why the build failed, with the remedies. Accepts any thrown value. */
  fail(error: unknown): void;
  /** Shows what takes long until it is called again; undefined: nothing does. Absent: the view takes events of type `waiting`. */
  showWait?(wait: Wait | undefined): void;
  /** Leaves the terminal to `work` (a prompt, a pager). Events of that time are shown afterwards. */
  suspend<T>(work: () => Promise<T>): Promise<T>;
}

export const PROGRESS_MODES = ["auto", "plain", "tty", "quiet", "none", "rawjson", "json"] as const;

export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** The stream that a view writes to: process.stderr, or a substitute in a test. */
export type ViewStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};
