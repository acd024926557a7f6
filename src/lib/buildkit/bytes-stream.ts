/** Calls whose messages are BytesMessages, as the bytes in them. */
import { Duplex } from "node:stream";
import { BYTES_MESSAGE } from "./messages.ts";
import { Writer, decode, varintLength } from "./protobuf.ts";

/** No message is longer: the daemon takes 16 MiB, and it is kept whole in memory. */
const LONGEST_BYTES = 1 << 20;

/** How much waits in each direction before the one who gives it has to wait. */
const WAITING_BYTES = 1 << 20;

/** One side of a call with bytes in both directions. */
export interface BytesCall {
  readonly messages: AsyncIterator<Buffer, void, undefined>;
  writeFramed(framed: Uint8Array): Promise<void>;
  /** No more bytes from us. */
  end(): void;
  /** Cuts the call if it has not ended. */
  cancel(): void;
}

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
  // `push` may ask for more before it returns, and then say that it has enough.
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
    readableHighWaterMark: WAITING_BYTES,
    writableHighWaterMark: WAITING_BYTES,
    read() {
      wanted = true;
      if (!reading) void pull(this);
    },
    write(chunk: Buffer, _encoding, callback) {
      void send([chunk], callback);
    },
    // What has gathered meanwhile goes as one message.
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

/** Framed BytesMessages; each byte is copied once. */
export function* framesOf(chunks: readonly Uint8Array[]): Generator<Buffer, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += LONGEST_BYTES) {
      const part = chunk.subarray(at, at + LONGEST_BYTES);
      if (length + part.length > LONGEST_BYTES) {
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
