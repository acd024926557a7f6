/** The server side of gRPC: calls over one connection. */
import { sensitiveHeaders } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { CODE, GrpcError, Metadata, percentEncode } from "./grpc.ts";
import { readMessages, serveOver, writeFramed, writeMessage } from "./http2.ts";
import { decode, encode } from "./protobuf.ts";
import type { Decoded, Encodable, Table } from "./protobuf.ts";
import { bridge, socketPair } from "./socket-pair.ts";

/** One call from the client's side, as a method sees it. */
export interface ServedCall {
  readonly metadata: Metadata;
  /** The caller's messages, until it ends its side. */
  readonly messages: AsyncGenerator<Buffer, void, undefined>;
  /** Sends a message. Waits while the send buffer is full. @throws Error if the call has ended */
  write(message: Uint8Array): Promise<void>;
  /** Does the same for bytes that are framed messages already. */
  writeFramed(framed: Uint8Array): Promise<void>;
  /** Aborted if the caller cancels the call or its connection ends. */
  readonly signal: AbortSignal;
}

/**
 * A method succeeds when it returns. If it throws a GrpcError, the caller gets its status; any other error becomes status 2
 * (UNKNOWN). The caller gets the message of both.
 */
export type Method = (call: ServedCall) => Promise<void>;

/** Methods by path, `/package.Service/Method`. */
export type Methods = Readonly<Record<string, Method>>;

/** Makes a method that receives one message and sends one. */
export function unary<Q extends Table, A extends Table>(
  { request, response }: { readonly request: Q; readonly response: A },
  answer: (message: Decoded<Q>, metadata: Metadata) => Promise<Encodable<A>> | Encodable<A>,
): Method {
  return async (call) => {
    const { value } = await call.messages.next();
    const answered = await answer(decode(request, value ?? new Uint8Array()), call.metadata);
    await call.write(encode(response, answered));
  };
}

/**
 * Serves calls until the connection ends.
 * @param stream bytes to and from a client that speaks HTTP/2 without TLS
 * @param onFailure gets each error that a method throws, before the caller gets it
 */
export async function serve(
  stream: Duplex,
  methods: Methods,
  onFailure: (error: unknown, path: string) => void = () => {},
): Promise<Served> {
  const [near, far] = await socketPair();
  bridge(far, stream);
  const session = serveOver(near);
  // The end of `stream` is reported to its owner.
  session.on("error", () => {});
  session.on("stream", (opened: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    // The client may cancel a call in the same packet that opens it. Node still announces the stream, but each use of it throws.
    if (opened.destroyed) return;
    void handle(opened, headers[":path"] ?? "", new Metadata(raw), methods, onFailure);
  });
  return new Served(session);
}

/** A running server. */
export class Served {
  readonly #session: ServerHttp2Session;

  constructor(session: ServerHttp2Session) {
    this.#session = session;
  }

  /** Closes the connection at once. */
  close(): void {
    this.#session.destroy();
  }
}

async function handle(
  stream: ServerHttp2Stream,
  path: string,
  metadata: Metadata,
  methods: Methods,
  onFailure: (error: unknown, path: string) => void,
): Promise<void> {
  const gone = new AbortController();
  let answered = false;
  stream.on("error", () => {});
  stream.on("close", () => {
    if (!answered) gone.abort(new Error("the caller is gone"));
  });
  try {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    const method = Object.hasOwn(methods, path) ? methods[path] : undefined;
    if (method === undefined) throw new GrpcError(CODE.unimplemented, `unknown method ${path}`);
    await method({
      metadata,
      messages: readMessages(stream, false),
      write: (message) => writeMessage(stream, message),
      writeFramed: (framed) => writeFramed(stream, framed),
      signal: gone.signal,
    });
    answered = true;
    finish(stream, CODE.ok, "");
  } catch (error) {
    if (gone.signal.aborted) return;
    answered = true;
    onFailure(error, path);
    const code = error instanceof GrpcError ? error.code : CODE.unknown;
    finish(stream, code, error instanceof Error ? error.message : String(error));
  }
}

function finish(stream: ServerHttp2Stream, code: number, message: string): void {
  stream.once("wantTrailers", () => {
    if (stream.destroyed) return;
    stream.sendTrailers({
      "grpc-status": String(code),
      ...(message === "" ? {} : { "grpc-message": percentEncode(message) }),
      // Keeps the message out of the connection's HPACK table.
      [sensitiveHeaders]: ["grpc-message"],
    });
  });
  // The stream closes only when all that the caller still sends has been read.
  stream.resume();
  stream.end();
}
