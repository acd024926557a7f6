/** BuildKit's side of a connection, for what the real daemon will not do on request: it answers as it is told. */
import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";
import { bytesOver } from "../../src/lib/buildkit/bytes-stream.ts";
import { Channel } from "../../src/lib/buildkit/channel.ts";
import { Daemon } from "../../src/lib/buildkit/control.ts";
import type { Metadata } from "../../src/lib/buildkit/grpc.ts";
import { serve } from "../../src/lib/buildkit/served.ts";
import type { Methods } from "../../src/lib/buildkit/served.ts";

export interface FakeDaemon {
  /** What the client has. */
  readonly daemon: Daemon;
  /** The first session that was opened, to call its methods by. */
  readonly session: Promise<{ readonly channel: Channel; readonly metadata: Metadata }>;
  /** The daemon's end of the connection, to cut. */
  readonly wire: Duplex;
}

export async function fakeDaemon(methods: Methods = {}): Promise<FakeDaemon> {
  const [ours, theirs] = duplexPair({ highWaterMark: 1 << 16 });
  // Of a pair in memory, one does not hear that the other is destroyed.
  theirs.on("close", () => ours.destroy());
  const opened = Promise.withResolvers<{ channel: Channel; metadata: Metadata }>();
  await serve(theirs, {
    "/moby.buildkit.v1.Control/Session": async (call) => {
      const ended = Promise.withResolvers<void>();
      const pipe = bytesOver({
        messages: call.messages,
        writeFramed: (framed) => call.writeFramed(framed),
        end: () => ended.resolve(),
        cancel: () => ended.resolve(),
      });
      call.signal.addEventListener("abort", () => pipe.destroy());
      opened.resolve({ channel: await Channel.over(pipe), metadata: call.metadata });
      await ended.promise;
    },
    ...methods,
  });
  return { daemon: await Daemon.over(ours), session: opened.promise, wire: theirs };
}
