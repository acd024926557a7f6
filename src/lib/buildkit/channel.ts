/** The client side of gRPC: calls over one connection. */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Session,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PeerCertificate, SecureContext, TLSSocket } from "node:tls";
import { CODE, ConnectionLost, GrpcError, UnreadStatus, errorIn, frame } from "./grpc.ts";
import { connectOver, readMessages, writeFramed } from "./http2.ts";
import { decode, encode } from "./protobuf.ts";
import type { Decoded, Encodable, Table } from "./protobuf.ts";
import { bridge, socketPair } from "./socket-pair.ts";

/** Metadata of a call. A list becomes repeated headers. */
export type CallMetadata = Readonly<Record<string, string | readonly string[]>>;

/** Proves each side of a connection to the other. Certificates and keys are in PEM. */
export interface TlsSettings {
  /** Certificate of the authority that has to have signed the server's. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Host name that has to be in the server's certificate, and no other. */
  readonly host: string;
}

/** What a connection with TLS needs. It takes milliseconds to make, so it is made while the server is being reached. */
export class PreparedTls {
  readonly host: string;
  readonly secureContext: Promise<SecureContext>;
  readonly sockets: Promise<[Socket, Socket]>;

  constructor({ host, ...settings }: TlsSettings) {
    this.host = host;
    this.secureContext = import("node:tls").then(({ createSecureContext }) =>
      createSecureContext({ ...settings, minVersion: "TLSv1.3" }),
    );
    this.sockets = socketPair();
    // Those who use them are told.
    for (const made of [this.secureContext, this.sockets]) made.catch(() => {});
  }

  /** For a server that could not be reached. */
  drop(): void {
    this.sockets.then(
      (sockets) => sockets.forEach((socket) => socket.destroy()),
      () => {},
    );
  }
}

/** A gRPC connection to a server. */
export class Channel {
  readonly #session: ClientHttp2Session;
  readonly #settingsReceived: Promise<void>;
  /** Resolves when the connection has ended, with its error if there was one. */
  readonly closed: Promise<Error | undefined>;

  private constructor(near: Socket, ended: Promise<Error | undefined>) {
    this.#session = connectOver(near);
    this.#settingsReceived = new Promise((resolve) => this.#session.once("remoteSettings", () => resolve()));
    this.closed = new Promise((resolve) => {
      let failure: Error | undefined;
      this.#session.on("error", (error: Error) => (failure = error));
      this.#session.on("close", () => void ended.then((error) => resolve(error ?? failure)));
    });
  }

  /**
   * Opens a connection. With TLS, nothing is sent on it before the server has proven who it is.
   * @param stream bytes to and from a server that speaks HTTP/2
   * @param tls absent if the server speaks it without TLS
   * @throws ConnectionLost if the two sides do not accept each other
   */
  static async over(stream: Duplex, tls?: PreparedTls): Promise<Channel> {
    // The stream may fail while the sockets are made. `bridge` finds it destroyed then.
    stream.on("error", () => {});
    const [near, far] = await (tls?.sockets ?? socketPair());
    const ended = new Promise<Error | undefined>((resolve) => bridge(far, stream, resolve));
    return new Channel(tls === undefined ? near : await secured(near, tls), ended);
  }

  /** Waits for the server's SETTINGS frame. @throws ConnectionLost if the connection ends first, or the signal's reason */
  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const lost = (): void => reject(new ConnectionLost("the connection ended before the first byte"));
    const stop = (): void => reject(signal.reason as Error);
    if (this.#session.destroyed) lost();
    this.#session.once("close", lost);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([this.#settingsReceived, promise]);
    } finally {
      this.#session.off("close", lost);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Whether calls can be started. */
  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /**
   * Starts a call with any number of messages in both directions. Aborting the signal cancels it.
   * @param method its path, `/package.Service/Method`
   * @throws ConnectionLost if the connection has ended
   */
  open(method: string, metadata: CallMetadata = {}, signal?: AbortSignal): Call {
    if (!this.isOpen) throw new ConnectionLost("the connection has ended");
    const headers: OutgoingHttpHeaders = {
      ":method": "POST",
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "slipway",
    };
    for (const [name, value] of Object.entries(metadata))
      headers[name] = typeof value === "string" ? value : [...value];
    return new Call(this.#session.request(headers), signal);
  }

  /**
   * Sends one message and returns the one answer.
   * @param method its path, `/package.Service/Method`
   * @throws GrpcError if the server reports a failure or sends no answer; ConnectionLost, ProtocolError, or the signal's reason
   */
  async unary<Q extends Table, A extends Table>(
    method: string,
    tables: { readonly request: Q; readonly response: A },
    request: Encodable<Q>,
    signal?: AbortSignal,
  ): Promise<Decoded<A>> {
    let answer: Decoded<A> | undefined;
    for await (const message of this.stream(method, tables, request, signal)) answer = message;
    if (answer === undefined) throw new GrpcError(CODE.internal, `${method} was answered without a message`);
    return answer;
  }

  /** Sends one message and returns a stream of answers. @throws the same errors as `unary` */
  async *stream<Q extends Table, A extends Table>(
    method: string,
    { request: table, response }: { readonly request: Q; readonly response: A },
    request: Encodable<Q>,
    signal?: AbortSignal,
  ): AsyncGenerator<Decoded<A>, void, undefined> {
    const call = this.open(method, {}, signal);
    await call.write(encode(table, request));
    call.end();
    for await (const message of call) yield decode(response, message);
  }

  /** Returns the round-trip time in milliseconds. @throws ConnectionLost if the connection has ended */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const refused = (): void => reject(new ConnectionLost("the connection has ended"));
      if (this.#session.destroyed) return refused();
      this.#session.ping((error, milliseconds) => (error === null ? resolve(milliseconds) : refused()));
    });
  }

  /** Closes the connection at once. Calls that are running are cancelled. */
  close(): void {
    this.#session.destroy();
  }
}

async function secured(socket: Socket, { host, secureContext }: PreparedTls): Promise<TLSSocket> {
  const [{ connect }, context] = await Promise.all([import("node:tls"), secureContext]);
  // Node's own check would first find out whether the name is an address, with a pattern that takes 20 ms to compile.
  const checkServerIdentity = (_: string, { subjectaltname }: PeerCertificate): Error | undefined =>
    subjectaltname === `DNS:${host}` ? undefined : new Error(`the certificate is not for ${host}`);
  return new Promise((resolve, reject) => {
    const secure = connect({
      secureContext: context,
      socket,
      checkServerIdentity,
      // Even if NODE_TLS_REJECT_UNAUTHORIZED is 0: that is about other servers.
      rejectUnauthorized: true,
      ALPNProtocols: ["h2"],
    });
    const fail = (error?: Error): void => {
      secure.destroy();
      reject(new ConnectionLost(`no TLS connection: ${error?.message ?? "it was closed"}`, { cause: error }));
    };
    secure.once("error", fail).once("close", fail);
    secure.once("secureConnect", () => {
      secure.off("error", fail).off("close", fail);
      resolve(secure);
    });
  });
}

/** A call that has started. Iterating over it gives the server's messages. */
export class Call implements AsyncIterable<Buffer> {
  readonly #stream: ClientHttp2Stream;
  readonly #session: Http2Session | undefined;
  readonly #signal: AbortSignal | undefined;
  #status: IncomingHttpHeaders = {};
  #failure: Error | undefined;

  constructor(stream: ClientHttp2Stream, signal: AbortSignal | undefined) {
    this.#stream = stream;
    // A stream that has ended does not tell it any more.
    this.#session = stream.session;
    this.#signal = signal;
    const cancel = (): void => this.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    stream.on("response", (headers) => this.#note(headers));
    stream.on("trailers", (headers: IncomingHttpHeaders) => this.#note(headers));
    stream.on("error", (error: Error) => (this.#failure = error));
    stream.on("close", () => signal?.removeEventListener("abort", cancel));
    if (signal?.aborted === true) this.cancel();
  }

  /**
   * Sends a message. Waits while the send buffer is full.
   * @throws GrpcError, ConnectionLost, or the signal's reason if the call has ended
   */
  write(message: Uint8Array): Promise<void> {
    return this.writeFramed(frame(message));
  }

  /** Does the same for bytes that are framed messages already. */
  async writeFramed(framed: Uint8Array): Promise<void> {
    try {
      await writeFramed(this.#stream, framed);
    } catch {
      throw this.#outcome() ?? new ConnectionLost("the call has ended");
    }
  }

  /** Ends our side: we send no more messages. */
  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.close(CANCEL);
  }

  /** Yields messages until the call succeeds. @throws GrpcError, ConnectionLost, or the signal's reason */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* readMessages(this.#stream, true);
    } catch (error) {
      this.#failure ??= error as Error;
    }
    const outcome = this.#outcome();
    if (outcome !== undefined) throw outcome;
  }

  #note(headers: IncomingHttpHeaders): void {
    if (headers["grpc-status"] !== undefined) this.#status = headers;
  }

  /** Returns the error to throw; undefined if the call ended with status 0. */
  #outcome(): Error | undefined {
    if (this.#signal?.aborted === true) return this.#signal.reason as Error;
    if (this.#status["grpc-status"] !== undefined) return errorIn(this.#status);
    // The end of the connection has this code too.
    if (this.#stream.rstCode === INTERNAL_ERROR && this.#session?.destroyed === false) return new UnreadStatus();
    const how = this.#failure?.message ?? `HTTP/2 code ${this.#stream.rstCode}`;
    return new ConnectionLost(`the call ended without a status: ${how}`);
  }
}

/** HTTP/2 error codes: RFC 9113, section 7. */
const INTERNAL_ERROR = 2;
const CANCEL = 8;
