/**
 * A TCP proxy on loopback that misbehaves as told, each connection in its own way: what lies between a client and an API server
 * at its worst. TLS goes through untouched.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export interface Fault {
  /** The fault at the offset. `none`: at most throttles. `stall`: holds everything back for `ms`, or for ever without it. */
  readonly kind: "none" | "reset" | "end" | "stall";
  /** Bytes that go through before it happens. */
  readonly offset: number;
  /** The side whose bytes are counted. */
  readonly of: "client" | "server";
  readonly ms?: number;
  /** Bytes a second from the client. */
  readonly rate?: number;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: Fault[] = [];
  readonly #next: () => Fault;

  private constructor(host: string, port: number, next: () => Fault) {
    this.#next = next;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#carry(client, connect(port, host)));
  }

  /** @param next The fault of each connection, in the order in which they come. */
  static async start(host: string, port: number, next: () => Fault): Promise<FaultProxy> {
    const proxy = new FaultProxy(host, port, next);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The faults of all connections so far. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #carry(client: Socket, server: Socket): void {
    const fault = this.#next();
    this.#faults.push(fault);
    const both = [client, server] as const;
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const other of both) other.destroy();
      });
      socket.on("error", () => {});
    }
    const stop = { until: 0 };
    pump(client, server, stop, fault.rate, fault.of === "client" ? trigger(fault, both, stop) : undefined);
    pump(server, client, stop, undefined, fault.of === "server" ? trigger(fault, both, stop) : undefined);
  }
}

interface Trigger {
  readonly offset: number;
  fire(): void;
}

function trigger(fault: Fault, both: readonly Socket[], stop: { until: number }): Trigger | undefined {
  if (fault.kind === "none") return undefined;
  return {
    offset: fault.offset,
    fire: () => {
      if (fault.kind === "stall") stop.until = fault.ms === undefined ? Infinity : performance.now() + fault.ms;
      else if (fault.kind === "reset") for (const socket of both) socket.resetAndDestroy();
      else for (const socket of both) socket.end();
    },
  };
}

/** Bytes one way, in order; a stall holds both ways back. */
function pump(
  from: Socket,
  to: Socket,
  stop: { readonly until: number },
  rate: number | undefined,
  fault: Trigger | undefined,
): void {
  let passed = 0;
  let fired = false;
  let free = performance.now();
  const waiting: Buffer[] = [];
  /** While one piece waits for its time, those behind it wait, too. */
  let busy = false;
  const next = (): void => {
    busy = false;
    const chunk = waiting.shift();
    if (chunk !== undefined) pass(chunk);
  };
  const pass = (chunk: Buffer): void => {
    if (to.destroyed) return;
    busy = true;
    const now = performance.now();
    const wait = Math.max(stop.until, rate === undefined ? 0 : free) - now;
    if (wait > 0) {
      from.pause();
      if (wait === Infinity) return;
      setTimeout(() => pass(chunk), wait).unref();
      return;
    }
    if (fault !== undefined && !fired && passed + chunk.length >= fault.offset) {
      fired = true;
      const before = chunk.subarray(0, fault.offset - passed);
      passed = fault.offset;
      to.write(before, () => fault.fire());
      setImmediate(pass, chunk.subarray(before.length));
      return;
    }
    passed += chunk.length;
    if (rate !== undefined) free = now + (chunk.length / rate) * 1000;
    const more = (): void => {
      from.resume();
      next();
    };
    if (to.write(chunk)) more();
    else {
      from.pause();
      to.once("drain", more);
    }
  };
  from.on("data", (chunk: Buffer) => {
    if (busy) waiting.push(chunk);
    else pass(chunk);
  });
  from.on("end", () => to.end());
  from.resume();
}
