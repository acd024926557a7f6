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
