/** Receives the output of exporters: /moby.filesync.v1.FileSend/DiffCopy (buildkit session/filesync, exporter/tar). */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { CODE, GrpcError } from "../grpc.ts";
import { BYTES_MESSAGE } from "../messages.ts";
import { decode } from "../protobuf.ts";
import type { Methods } from "../served.ts";

/** An exporter's metadata about its output, for example `containerimage.digest` and `image.name`. */
export type ExportFacts = ReadonlyMap<string, string>;

/**
 * The methods of the FileSend service.
 * @param open returns the stream to write to. `exporter` is the exporter's index among the solve's exporters, as text; it is empty
 *   for an old daemon. The daemon gets its answer only after the stream has got all bytes and has closed.
 */
export function fileSend(open: (exporter: string, facts: ExportFacts) => Promise<Writable>): Methods {
  return {
    "/moby.filesync.v1.FileSend/DiffCopy": async ({ messages, metadata, signal }) => {
      const exporter = metadata.first("buildkit-attachable-exporter-id") ?? "";
      const sink = await open(exporter, metadata.withPrefix("exporter-md-"));
      let failure: Error | undefined;
      sink.on("error", (error) => (failure ??= error));
      const closed = new Promise<void>((resolve) => sink.on("close", resolve));
      try {
        for await (const message of messages) {
          const { data } = decode(BYTES_MESSAGE, message);
          if (failure !== undefined) throw failure;
          if (!sink.write(data)) await Promise.race([once(sink, "drain", { signal }), closed]);
        }
        signal.throwIfAborted();
        sink.end();
        await closed;
        if (failure !== undefined) throw failure;
      } catch (error) {
        sink.destroy();
        throw failure ?? (error instanceof Error ? error : new GrpcError(CODE.unknown, String(error)));
      }
    },
  };
}
