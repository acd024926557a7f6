/** The two ways through a proxy: HTTP's CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929). */
import type { Socket } from "node:net";
import { isIP } from "node:net";

/** Asks an HTTP proxy for a tunnel; the same socket is the tunnel afterwards. */
export async function tunnelHttp(socket: Socket, proxy: URL, host: string, port: number): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`);
  const authorization = proxy.username === "" ? "" : `Proxy-Authorization: Basic ${login.toString("base64")}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const reader = new Reader(socket);
  const head = (await reader.until("\r\n\r\n")).toString("latin1");
  reader.release();
  const status = /^HTTP\/1\.[01] (\d{3})([^\r\n]*)/.exec(head);
  if (status?.[1] === undefined || !status[1].startsWith("2")) {
    throw new Error(`the proxy answered "${status ? `${status[1]}${status[2]}` : "no HTTP"}"`);
  }
  return socket;
}

/** RFC 1928 §6, in words. */
const SOCKS_REPLIES = [
  "succeeded",
  "general failure",
  "connection not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live expired",
  "command not supported",
  "address type not supported",
];

/** Asks a SOCKS5 proxy for a connection; the proxy resolves the name. */
export async function tunnelSocks(socket: Socket, proxy: URL, host: string, port: number): Promise<Socket> {
  const reader = new Reader(socket);
  const login = proxy.username !== "";
  socket.write(login ? Buffer.from([5, 2, 0, 2]) : Buffer.from([5, 1, 0]));
  const [version, method] = await reader.take(2);
  if (version !== 5 || (method !== 0 && !(login && method === 2))) {
    throw new Error(
      method === 0xff ? "the SOCKS proxy wants another way to log in" : "the proxy does not speak SOCKS5",
    );
  }
  if (method === 2) {
    const user = Buffer.from(decodeURIComponent(proxy.username));
    const password = Buffer.from(decodeURIComponent(proxy.password));
    socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    const [, refused] = await reader.take(2);
    if (refused !== 0) throw new Error("the SOCKS proxy does not accept the user name and password");
  }
  const name = Buffer.from(host);
  const address =
    isIP(host) === 4
      ? Buffer.from([1, ...host.split(".").map(Number)])
      : Buffer.concat([Buffer.from([3, name.length]), name]);
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), address, Buffer.from([port >> 8, port & 255])]));
  const [, reply = 1, , type = 1, first = 0] = await reader.take(5);
  if (reply !== 0) throw new Error(`the SOCKS proxy answered: ${SOCKS_REPLIES[reply] ?? `error ${reply}`}`);
  // The rest of the address it is bound to, which nobody needs, and its port.
  await reader.take((type === 1 ? 3 : type === 4 ? 15 : first) + 2);
  reader.release();
  return socket;
}

/** Takes bytes off a socket as they are wanted, and gives back those that were not. */
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
      if (this.#bytes.length > 65_536) throw new Error("the proxy's answer has no end");
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
