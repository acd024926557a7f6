/** Connections to a registry from another machine: that machine forwards the bytes; TLS and HTTP end here. */
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { Agent } from "undici";

/** @param port 1 to 65535. @throws Error if the host cannot be reached from there */
export type Dial = (host: string, port: number) => Promise<Duplex>;

type Connector = Extract<NonNullable<Agent.Options["connect"]>, (...args: never[]) => unknown>;

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string[];
}

/** For undici's `connect`. */
export function connectThrough(dial: Dial, tls: TlsOptions): Connector {
  return ({ hostname, port, protocol }, callback) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const secure = protocol === "https:";
    const number = port === "" ? (secure ? 443 : 80) : Number(port);
    void answer(open(dial, host, number, secure ? tls : undefined), callback);
  };
}

/** Passes the outcome to the callback, outside of the promise: errors of the callback must not be caught. */
async function answer(opened: Promise<Socket>, callback: Parameters<Connector>[1]): Promise<void> {
  const outcome = await opened.then(
    (socket): [null, Socket] => [null, socket],
    (error: Error): [Error, null] => [error, null],
  );
  callback(...outcome);
}

async function open(dial: Dial, host: string, port: number, tls: TlsOptions | undefined): Promise<Socket> {
  const stream = await dial(host, port);
  if (tls === undefined) return socketLike(stream);
  const secured = connect({ socket: stream, ...(isIP(host) === 0 ? { servername: host } : { host }), ...tls });
  return new Promise((resolve, reject) => {
    secured.once("secureConnect", () => resolve(secured));
    secured.once("error", (error) => reject(stream.errored ?? error));
    secured.once("close", () => reject(stream.errored ?? new Error(`${host}:${port} closed the connection`)));
  });
}

/** Adds the methods of a socket that undici calls. They do not change the data. */
function socketLike(stream: Duplex): Socket {
  const itself = (): Duplex => stream;
  return Object.assign(stream, {
    ref: itself,
    unref: itself,
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
  }) as unknown as Socket;
}
