/** Connections to a server from another machine: that machine forwards the bytes; TLS and HTTP end here. */
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { Agent } from "undici";
import type { TlsMaterial } from "./dial.ts";
import { settle } from "./settle.ts";

/** @param port 1 to 65535. @throws Error if the host cannot be reached from there */
export type Dial = (host: string, port: number) => Promise<Duplex>;

type Connector = Extract<NonNullable<Agent.Options["connect"]>, (...args: never[]) => unknown>;

/** For undici's `connect`. */
export function connectThrough(dial: Dial, tls: TlsMaterial): Connector {
  return ({ hostname, port, protocol }, callback) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const secure = protocol === "https:";
    const number = port === "" ? (secure ? 443 : 80) : Number(port);
    settle(() => open(dial, host, number, secure ? tls : undefined), callback);
  };
}

async function open(dial: Dial, host: string, port: number, tls: TlsMaterial | undefined): Promise<Socket> {
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
