import type { BuildEvent } from "../../events.ts";

/** What a stream reports when nobody reads it any more: `slipway build | head`, a terminal that was closed. */
const NOBODY_READS: ReadonlySet<string> = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

const guarded = new WeakSet<object>();

/** Keep a reader that went away from ending the process: the build goes on. Any other error stays one. */
export function tolerateBrokenPipe(stream: NodeJS.WritableStream): void {
  if (guarded.has(stream)) return;
  guarded.add(stream);
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!NOBODY_READS.has(error.code ?? "")) throw error;
  });
}

/** One view of a build on a terminal or in a log. Everything it writes goes to stderr. */
export interface Progress extends Disposable {
  emit(event: BuildEvent): void;
  /** The build ended badly: say so in this view's own form, once, with the remedies. Whatever was thrown is accepted. */
  fail(error: unknown): void;
  /** Hand the terminal to somebody else (a prompt, a pager) for the time of `work`; what happens meanwhile is shown after it. */
  suspend<T>(work: () => Promise<T>): Promise<T>;
}

export const PROGRESS_MODES = ["auto", "plain", "tty", "quiet", "none", "rawjson", "json"] as const;

export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Where a view writes: process.stderr, or what stands for it in a test. */
export type ViewStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};
