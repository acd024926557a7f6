/** HTTP/2 connections set up for what BuildKit sends. */
import { connect, performServerHandshake } from "node:http2";
import type { ClientHttp2Session, Http2Session, Http2Stream, ServerHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { Deframer, frame } from "./grpc.ts";

/**
 * How much the other side may send before it has to wait for us, for one stream and for all together. With HTTP/2's 64 KiB each
 * round trip carries no more than that, and less where two connections are nested. What is not read yet is kept in memory.
 */
const STREAM_WINDOW_BYTES = 8 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;

/** nghttp2's own default is 16 KiB; a data frame of ours is as long as the other side allows. */
const FRAME_BYTES = 256 << 10;

const SETTINGS = {
  enablePush: false,
  initialWindowSize: STREAM_WINDOW_BYTES,
  maxFrameSize: FRAME_BYTES,
  // A request for files names patterns and paths in a header each.
  maxHeaderListSize: 8 << 20,
};
const OPTIONS = {
  settings: SETTINGS,
  maxHeaderListPairs: 1 << 20,
  // In megabytes: beyond it new streams are refused, among them the one that asks whether we are alive.
  maxSessionMemory: 256,
};

export function connectOver(duplex: Duplex): ClientHttp2Session {
  const session = connect("http://buildkit", { ...OPTIONS, createConnection: () => duplex });
  return widened(session);
}

export function serveOver(duplex: Duplex): ServerHttp2Session {
  return widened(performServerHandshake(duplex, OPTIONS));
}

function widened<S extends Http2Session>(session: S): S {
  const widen = (): void => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  };
  if (session.connecting) session.once("connect", widen);
  else widen();
  return session;
}

/** How much may wait to be sent before a writer waits: with Node's 16 KiB there would be a pause behind every piece of a file. */
const AHEAD_BYTES = 1 << 20;

/** Writes one message, and waits while too much waits to be sent. @throws what ended the stream */
export function writeMessage(stream: Http2Stream & Duplex, message: Uint8Array): Promise<void> {
  return writeFramed(stream, frame(message));
}

/** The same for messages that have their frames already. */
export async function writeFramed(stream: Http2Stream & Duplex, framed: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableEnded) throw ended(stream);
  if (stream.write(framed) || stream.writableLength < AHEAD_BYTES) return;
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
 * The messages of a stream until its end.
 * @param destroyOnReturn whether one who stops reading ends the stream in both directions
 * @throws what ended the stream; a stream that the other side cancels looks to Node like one that has ended
 */
export async function* readMessages(
  stream: Http2Stream & Duplex,
  destroyOnReturn: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  const deframer = new Deframer();
  for await (const chunk of stream.iterator({ destroyOnReturn })) yield* deframer.add(chunk as Buffer);
  if (deframer.pending > 0 || (stream.rstCode ?? 0) !== 0) throw ended(stream);
}
