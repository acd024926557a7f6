/** gRPC calls over one connection: we are the server. */
import { sensitiveHeaders } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { CODE, GrpcError, Metadata, percentEncode } from "./grpc.ts";
import { readMessages, serveOver, writeFramed, writeMessage } from "./http2.ts";
import { decode, encode } from "./protobuf.ts";
import type { Decoded, Encodable, Table } from "./protobuf.ts";
import { bridge, socketPair } from "./socket-pair.ts";

export interface ServedCall {
  readonly metadata: Metadata;
  /** Until the caller sends no more. */
  readonly messages: AsyncGenerator<Buffer, void, undefined>;
  /** Waits while the caller takes no more. @throws when the call has ended */
  write(message: Uint8Array): Promise<void>;
  /** The same for bytes that are framed messages already. */
  writeFramed(framed: Uint8Array): Promise<void>;
  /** Aborted when the caller is gone before the end. */
  readonly signal: AbortSignal;
}

/** Ends well by returning; what it throws becomes the status: a GrpcError its own, all else 2. */
export type Method = (call: ServedCall) => Promise<void>;

/** By their paths: `/package.Service/Method`. */
export type Methods = Readonly<Record<string, Method>>;

/** A method with one message each way. */
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
 * @param onFailure told what a method threw, before the caller is
 */
export async function serve(
  stream: Duplex,
  methods: Methods,
  onFailure: (error: unknown, path: string) => void = () => {},
): Promise<Served> {
  const [near, far] = await socketPair();
  bridge(far, stream);
  const session = serveOver(near);
  // The carrier of the connection reports its end.
  session.on("error", () => {});
  session.on("stream", (opened: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    // Cancelled in the burst that opened it: it is announced all the same, and every use of it throws.
    if (opened.destroyed) return;
    void handle(opened, headers[":path"] ?? "", new Metadata(raw), methods, onFailure);
  });
  return new Served(session);
}

export class Served {
  readonly #session: ServerHttp2Session;

  constructor(session: ServerHttp2Session) {
    this.#session = session;
  }

  /** Cuts the connection. */
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
      // No message of ours is to be kept in a table of the connection.
      [sensitiveHeaders]: ["grpc-message"],
    });
  });
  // What the caller still sends is of no interest; unread, it would hold the stream open.
  stream.resume();
  stream.end();
}
