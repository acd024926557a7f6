/** Turns a call of BytesMessages into a stream of the bytes in them. */
import { Duplex } from "node:stream";
import { BYTES_MESSAGE } from "./messages.ts";
import { Writer, decode, varintLength } from "./protobuf.ts";

/** Longest message that we send. The daemon accepts 16 MiB, but each message is held in memory as a whole. */
const MAX_MESSAGE_BYTES = 1 << 20;

/** High water mark of the stream in each direction. */
const BUFFER_BYTES = 1 << 20;

/** One side of a call with bytes in both directions. */
export interface BytesCall {
  readonly messages: AsyncIterator<Buffer, void, undefined>;
  writeFramed(framed: Uint8Array): Promise<void>;
  /** Ends our side: we send no more bytes. */
  end(): void;
  /** Cancels the call if it has not ended. */
  cancel(): void;
}

/** Returns the bytes of a call as a stream. Destroying the stream cancels the call. */
export function bytesOver(call: BytesCall): Duplex {
  const send = async (chunks: readonly Buffer[], callback: (error?: Error | null) => void): Promise<void> => {
    try {
      for (const framed of framesOf(chunks)) await call.writeFramed(framed);
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback();
  };
  let reading = false;
  // `push` may call `read`, which sets this, before it returns false. So its result is not simply assigned.
  let wanted = false;
  const pull = async (stream: Duplex): Promise<void> => {
    reading = true;
    try {
      while (wanted) {
        const { value, done } = await call.messages.next();
        if (done === true) {
          stream.push(null);
          return;
        }
        const { data } = decode(BYTES_MESSAGE, value);
        if (data.length === 0) continue;
        wanted = false;
        if (stream.push(data)) wanted = true;
      }
    } catch (error) {
      stream.destroy(error as Error);
    } finally {
      reading = false;
    }
  };
  return new Duplex({
    readableHighWaterMark: BUFFER_BYTES,
    writableHighWaterMark: BUFFER_BYTES,
    read() {
      wanted = true;
      if (!reading) void pull(this);
    },
    write(chunk: Buffer, _encoding, callback) {
      void send([chunk], callback);
    },
    // Chunks that were written during the last send are sent as one message.
    writev(chunks, callback) {
      void send(
        chunks.map(({ chunk }) => chunk as Buffer),
        callback,
      );
    },
    final(callback) {
      call.end();
      callback();
    },
    destroy(error, callback) {
      call.cancel();
      callback(error);
    },
  });
}

/** Yields the chunks as framed BytesMessages of at most 1 MiB of data. Each byte is copied once. */
export function* framesOf(chunks: readonly Uint8Array[]): Generator<Buffer, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += MAX_MESSAGE_BYTES) {
      const part = chunk.subarray(at, at + MAX_MESSAGE_BYTES);
      if (length + part.length > MAX_MESSAGE_BYTES) {
        yield framed(parts, length);
        parts = [];
        length = 0;
      }
      parts.push(part);
      length += part.length;
    }
  }
  if (length > 0) yield framed(parts, length);
}

function framed(parts: readonly Uint8Array[], length: number): Buffer {
  const message = 1 + varintLength(length) + length;
  const writer = new Writer(5 + message);
  writer.frameHead(message);
  writer.tag(1, 2);
  writer.number(length);
  for (const part of parts) writer.raw(part);
  return writer.written;
}
