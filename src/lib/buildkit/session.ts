/**
 * A session: while it is open the daemon may ask us for files, credentials and secrets. It is a stream of bytes on the control
 * connection, and within it a second HTTP/2 connection on which we are the server (buildkit session/grpchijack).
 */
import { randomBytes } from "node:crypto";
import { bytesOver } from "./bytes-stream.ts";
import type { Call, Channel } from "./channel.ts";
import { EMPTY, HEALTH_CHECK_RESPONSE } from "./messages.ts";
import { serve, unary } from "./served.ts";
import type { Methods, Served } from "./served.ts";

/** Asked every five seconds; two answers in a row that take over fifteen end the session (buildkit session/grpc.go). */
const HEALTH: Methods = {
  "/grpc.health.v1.Health/Check": unary({ request: EMPTY, response: HEALTH_CHECK_RESPONSE }, () => ({ status: 1 })),
};

export interface SessionOptions {
  /** Whose trees of files are kept up to date: another key's are never touched. Any text. */
  readonly sharedKey: string;
  /** For the daemon's log. */
  readonly name: string;
  /** What the daemon may ask for. */
  readonly methods: Methods;
  /** Told what a method threw, before the daemon is. */
  readonly onFailure?: (error: unknown, path: string) => void;
}

export class Session {
  /** What a solve names it by. */
  readonly id: string;
  /** Settles when it has ended. */
  readonly closed: Promise<void>;
  readonly #call: Call;
  readonly #served: Served;

  private constructor(id: string, call: Call, served: Served, closed: Promise<void>) {
    this.id = id;
    this.#call = call;
    this.#served = served;
    this.closed = closed;
  }

  /** A solve may be sent in the same moment: the daemon waits for its session. @throws ConnectionLost */
  static async open(channel: Channel, options: SessionOptions): Promise<Session> {
    // As the client in go makes them: 25 letters and digits.
    const id = randomBytes(16).toString("hex").slice(0, 25);
    const methods = { ...HEALTH, ...options.methods };
    const call = channel.open("/moby.buildkit.v1.Control/Session", {
      "x-docker-expose-session-uuid": id,
      "x-docker-expose-session-name": options.name,
      "x-docker-expose-session-sharedkey": options.sharedKey,
      "x-docker-expose-session-grpc-method": Object.keys(methods),
    });
    const pipe = bytesOver({
      messages: call[Symbol.asyncIterator](),
      writeFramed: (framed) => call.writeFramed(framed),
      end: () => call.end(),
      cancel: () => call.cancel(),
    });
    const closed = new Promise<void>((resolve) => pipe.on("close", resolve));
    return new Session(id, call, await serve(pipe, methods, options.onFailure), closed);
  }

  close(): void {
    this.#served.close();
    this.#call.cancel();
  }
}
