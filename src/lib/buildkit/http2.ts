/** HTTP/2 connections with settings for BuildKit's traffic. */
import { connect, performServerHandshake } from "node:http2";
import type { ClientHttp2Session, Http2Session, Http2Stream, ServerHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { Deframer, frame } from "./grpc.ts";

/**
 * Flow control windows: how much the other side may send before we acknowledge it, per stream and for all streams together.
 * HTTP/2's default of 64 KiB limits each round trip to that amount, and nested connections to less. Unread data is kept in memory.
 */
const STREAM_WINDOW_BYTES = 8 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;

/** Longest frame that we accept. HTTP/2's default is 16 KiB. The other side's limit decides about the frames that we send. */
const FRAME_BYTES = 256 << 10;

const SETTINGS = {
  enablePush: false,
  initialWindowSize: STREAM_WINDOW_BYTES,
  maxFrameSize: FRAME_BYTES,
};

/** A request for files has one header for each pattern and path. */
const SERVED_HEADERS_BYTES = 8 << 20;

/**
 * Longest headers of an answer. The details of a failed solve have the whole Dockerfile in one header, and a header of more than 64 KiB ends
 * the connection (nghttp2, NGHTTP2_HD_MAX_NV). A server that knows this limit resets the one call instead (grpc-go, http2_server.go).
 */
const ANSWER_HEADERS_BYTES = 64 << 10;

const OPTIONS = {
  maxHeaderListPairs: 1 << 20,
  // In megabytes. Above this limit Node refuses new streams, including the daemon's health check.
  maxSessionMemory: 256,
};

/** Starts the client side of an HTTP/2 connection. */
export function connectOver(duplex: Duplex): ClientHttp2Session {
  const session = connect("http://buildkit", {
    ...OPTIONS,
    settings: { ...SETTINGS, maxHeaderListSize: ANSWER_HEADERS_BYTES },
    createConnection: () => duplex,
  });
  return widened(session);
}

/** Starts the server side of an HTTP/2 connection. */
export function serveOver(duplex: Duplex): ServerHttp2Session {
  return widened(
    performServerHandshake(duplex, { ...OPTIONS, settings: { ...SETTINGS, maxHeaderListSize: SERVED_HEADERS_BYTES } }),
  );
}

function widened<S extends Http2Session>(session: S): S {
  const widen = (): void => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  };
  if (session.connecting) session.once("connect", widen);
  else widen();
  return session;
}

/** Amount of unsent data above which a writer waits. With Node's 16 KiB a sender would pause after every chunk of a file. */
const SEND_BUFFER_BYTES = 1 << 20;

/** Writes one message. Waits while the send buffer is full. @throws Error if the stream has ended */
export function writeMessage(stream: Http2Stream & Duplex, message: Uint8Array): Promise<void> {
  return writeFramed(stream, frame(message));
}

/** Does the same for bytes that are framed messages already. */
export async function writeFramed(stream: Http2Stream & Duplex, framed: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableEnded) throw ended(stream);
  if (stream.write(framed) || stream.writableLength < SEND_BUFFER_BYTES) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      stream.off("drain", drained).off("close", closed);
    };
    const drained = (): void => {
      settle();
      resolve();
    };
    const closed = (): void => {
      settle();
      reject(ended(stream));
    };
    stream.on("drain", drained).on("close", closed);
  });
}

function ended(stream: Http2Stream): Error {
  return new Error(`the stream has ended${stream.rstCode === 0 ? "" : ` with HTTP/2 code ${stream.rstCode}`}`);
}

/**
 * Yields the messages of a stream until its end.
 * @param destroyOnReturn whether the stream is closed in both directions when the caller stops iterating
 * @throws Error if the stream ends with an error code or inside a message; ProtocolError for an invalid message.
 *   Node ends the iteration normally when the other side cancels the stream, so the error code is checked here.
 */
export async function* readMessages(
  stream: Http2Stream & Duplex,
  destroyOnReturn: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  const deframer = new Deframer();
  for await (const chunk of stream.iterator({ destroyOnReturn })) yield* deframer.add(chunk as Buffer);
  if (deframer.pending > 0 || (stream.rstCode ?? 0) !== 0) throw ended(stream);
}
