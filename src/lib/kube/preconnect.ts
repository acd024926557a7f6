/** Connections that are opened ahead of the first requests. */
import type { Socket } from "node:net";

/** Load balancers may have dropped an unused connection that is older: the same limit as for kept connections. */
const MAX_AGE_MS = 50_000;

export class PreopenedSockets {
  readonly #opened = performance.now();
  readonly #sockets: Promise<Socket | undefined>[];

  /** Ignores failed connections: the request that needs one opens it again and reports the failure. */
  constructor(dialled: readonly Promise<Socket>[]) {
    this.#sockets = dialled.map((socket) => socket.catch(() => undefined));
  }

  /** An open connection, if there is one left. */
  async take(): Promise<Socket | undefined> {
    for (let next; (next = this.#sockets.shift()) !== undefined;) {
      const socket = await next;
      if (socket?.readyState === "open" && performance.now() - this.#opened < MAX_AGE_MS) return socket;
      socket?.destroy();
    }
    return undefined;
  }

  /** Closes the unused connections. */
  close(): void {
    for (const unused of this.#sockets.splice(0)) void unused.then((socket) => socket?.destroy());
  }
}
