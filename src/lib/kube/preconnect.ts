/** Connections that were opened before there was anything to send, for the first requests to take. */
import type { Socket } from "node:net";

/** After this many milliseconds something on the way may have forgotten an unused connection. */
const FRESH = 50_000;

export class PreopenedSockets {
  readonly #opened = performance.now();
  readonly #sockets: Promise<Socket | undefined>[];

  /** Those that fail are left out: whoever needs one opens it again, and hears why that fails. */
  constructor(dialled: readonly Promise<Socket>[]) {
    this.#sockets = dialled.map((socket) => socket.catch(() => undefined));
  }

  /** One that still lives, if there is any left. */
  async take(): Promise<Socket | undefined> {
    for (let next; (next = this.#sockets.shift()) !== undefined;) {
      const socket = await next;
      if (socket?.readyState === "open" && performance.now() - this.#opened < FRESH) return socket;
      socket?.destroy();
    }
    return undefined;
  }

  /** Closes those that nobody took. */
  close(): void {
    for (const unused of this.#sockets.splice(0)) void unused.then((socket) => socket?.destroy());
  }
}
