/**
 * A session lets the daemon ask us for files, credentials and secrets while it is open. It is a stream of bytes on the control
 * connection. The stream carries a second HTTP/2 connection, on which we are the server (buildkit session/grpchijack).
 */
import { randomBytes } from "node:crypto";
import { bytesOver } from "./bytes-stream.ts";
import type { Call, Channel } from "./channel.ts";
import { EMPTY, HEALTH_CHECK_RESPONSE } from "./messages.ts";
import { serve, unary } from "./served.ts";
import type { Methods, Served } from "./served.ts";

/**
 * The daemon checks the health every five seconds. It ends the session after two answers in a row that take more than fifteen
 * seconds (buildkit session/grpc.go).
 */
const HEALTH: Methods = {
  "/grpc.health.v1.Health/Check": unary({ request: EMPTY, response: HEALTH_CHECK_RESPONSE }, () => ({ status: 1 })),
};

export interface SessionOptions {
  /** Printable ASCII, as it is sent as a header. The daemon keeps the files of each key apart: a session updates only the files of its own key. */
  readonly sharedKey: string;
  /** The methods that the daemon may call. */
  readonly methods: Methods;
  /** Gets each error that a method throws, before the daemon gets it. */
  readonly onFailure?: (error: unknown, path: string) => void;
}

/** An open session. */
export class Session {
  /** The id for a solve's field `session`. */
  readonly id: string;
  /** Resolves when the session has ended. */
  readonly closed: Promise<void>;
  /** Resolves when the daemon is answered. Rejects if the system refuses what that takes. */
  readonly served: Promise<Served>;
  readonly #call: Call;

  private constructor(id: string, call: Call, served: Promise<Served>, closed: Promise<void>) {
    this.id = id;
    this.#call = call;
    this.served = served;
    this.closed = closed;
  }

  /**
   * Opens a session. A solve may be sent without waiting for it, because the daemon waits for the solve's session.
   * @throws ConnectionLost if the channel's connection has ended
   */
  static open(channel: Channel, options: SessionOptions): Session {
    // BuildKit's own client uses ids of 25 letters and digits, too.
    const id = randomBytes(16).toString("hex").slice(0, 25);
    const methods = { ...HEALTH, ...options.methods };
    const call = channel.open("/moby.buildkit.v1.Control/Session", {
      "x-docker-expose-session-uuid": id,
      // Only for the daemon's log. The name of a directory may have characters that a header cannot have.
      "x-docker-expose-session-name": "slipway",
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
    const served = serve(pipe, methods, options.onFailure);
    // This cancels the call.
    served.catch(() => pipe.destroy());
    return new Session(id, call, served, closed);
  }

  /** Ends the session at once. */
  close(): void {
    this.served.then(
      (served) => served.close(),
      () => {},
    );
    this.#call.cancel();
  }
}
