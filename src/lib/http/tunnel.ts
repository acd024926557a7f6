/** The two kinds of proxy that a connection can go through: HTTP's CONNECT (RFC 9110 §9.3.6) and SOCKS5. */
import type { Socket } from "node:net";
import { isIP } from "node:net";
import { LIMITS } from "../limits/limits.ts";
import { proxyHeaders } from "./origin-headers.ts";
import { hostOf } from "./proxy.ts";

/** Default port of a SOCKS proxy (RFC 1928, section 3). */
export const SOCKS_PORT = 1080;

/** Asks an HTTP proxy for a tunnel. Afterwards the same socket is the tunnel. @throws Error if the proxy refuses */
export async function tunnelHttp(socket: Socket, proxy: URL, host: string, port: number): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login = Object.entries(proxyHeaders(proxy)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login.join("")}\r\n`);
  const reader = new Reader(socket);
  const head = (await reader.until("\r\n\r\n")).toString("latin1");
  reader.release();
  const status = /^HTTP\/1\.[01] (\d{3})([^\r\n]*)/.exec(head);
  if (status?.[1] === undefined || !status[1].startsWith("2")) {
    throw new Error(`the proxy answered "${status ? `${status[1]}${status[2]}` : "no HTTP"}"`);
  }
  return socket;
}

/**
 * Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for a connection; the proxy resolves the name.
 * @param timeout milliseconds
 * @throws Error with what the library reports. Its own error is not the cause: that one holds the password.
 */
export async function tunnelSocks(
  socket: Socket,
  proxy: URL,
  host: string,
  port: number,
  timeout: number,
): Promise<Socket> {
  const { SocksClient } = await import("socks");
  const login =
    proxy.username === ""
      ? {}
      : { userId: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
  try {
    await SocksClient.createConnection({
      // The library wants an address to connect to, although it is given a socket that is connected.
      proxy: { host: hostOf(proxy), port: Number(proxy.port || SOCKS_PORT), type: 5, ...login },
      command: "connect",
      destination: { host, port },
      existing_socket: socket,
      timeout,
    });
    return socket;
  } catch (error) {
    // oxlint-disable-next-line preserve-caught-error -- its options hold the password
    throw new Error(`the SOCKS proxy gave no connection: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads bytes from a socket on demand, and puts back the rest. */
class Reader {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("readable", this.#read).on("error", this.#fail).on("close", this.#close);
  }

  async take(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) await this.#more();
    return this.#cut(length);
  }

  async until(end: string): Promise<Buffer> {
    while (!this.#bytes.includes(end)) {
      if (this.#bytes.length > LIMITS.PROXY_ANSWER_BYTES.value) throw new Error("the proxy's answer has no end");
      await this.#more();
    }
    return this.#cut(this.#bytes.indexOf(end) + end.length);
  }

  release(): void {
    this.#socket.off("readable", this.#read).off("error", this.#fail).off("close", this.#close);
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes);
  }

  #cut(length: number): Buffer {
    const cut = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return cut;
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#wake = () => (this.#failure === undefined ? resolve() : reject(this.#failure));
      if (this.#failure !== undefined) this.#wake();
    });
  }

  readonly #read = (): void => {
    for (
      let chunk = this.#socket.read() as Buffer | null;
      chunk !== null;
      chunk = this.#socket.read() as Buffer | null
    ) {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    }
    this.#wake?.();
  };

  readonly #fail = (error: Error): void => {
    this.#failure = error;
    this.#wake?.();
  };

  readonly #close = (): void => this.#fail(new Error("the proxy closed the connection"));
}
