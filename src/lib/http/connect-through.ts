/** Connections to a server from another machine: that machine forwards the bytes; TLS and HTTP end here. */
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import { portOf } from "./dial.ts";
import type { TlsMaterial } from "./dial.ts";
import { hostOf } from "./proxy.ts";

/** @param port 1 to 65535. @throws Error if the host cannot be reached from there */
export type Dial = (host: string, port: number) => Promise<Duplex>;

/** As `dial`, by a connection of another machine. @throws what `dial` throws; errors of TLS */
export async function connectThrough(dial: Dial, server: URL, tls: TlsMaterial): Promise<Duplex> {
  const [host, port] = [hostOf(server), portOf(server)];
  const stream = await dial(host, port);
  if (server.protocol !== "https:") return socketLike(stream);
  const secured = connect({ socket: stream, ...(isIP(host) === 0 ? { servername: host } : { host }), ...tls });
  return new Promise((resolve, reject) => {
    secured.once("secureConnect", () => resolve(secured));
    secured.once("error", (error) => reject(stream.errored ?? error));
    secured.once("close", () => reject(stream.errored ?? new Error(`${host}:${port} closed the connection`)));
  });
}

/** Adds the methods of a socket that Node's HTTP client calls. They do not change the data. */
function socketLike(stream: Duplex): Duplex {
  const itself = (): Duplex => stream;
  return Object.assign(stream, {
    ref: itself,
    unref: itself,
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
  });
}
