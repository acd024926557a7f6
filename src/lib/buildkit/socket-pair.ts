/**
 * Connects a JavaScript stream to a socket of the operating system. Node's HTTP/2 works on any stream, but a JavaScript stream
 * costs a turn of the event loop for each write. It also ends the process if it is destroyed during a write
 * (ERR_INTERNAL_ASSERTION in js_stream_socket.js, seen with 24.21). A pair of sockets in between costs only a copy in the kernel.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/** Returns two sockets that are connected to each other. @throws Error if the system refuses to make them */
export async function socketPair(): Promise<[Socket, Socket]> {
  if (process.platform === "win32") return pairAt(`\\\\.\\pipe\\slipway-${randomBytes(16).toString("hex")}`);
  // Other users cannot enter the directory (mkdtemp makes it with mode 0700), and the socket's file is removed before any use.
  // Synchronously: it takes less than a millisecond, and each turn of the event loop lists a part of the context.
  const directory = mkdtempSync(join(tmpdir(), "slipway-"));
  try {
    return await pairAt(join(directory, "s"));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function pairAt(path: string): Promise<[Socket, Socket]> {
  const server = createServer();
  try {
    server.listen(path);
    await once(server, "listening");
    const accepted = once(server, "connection");
    const near = connect({ path });
    const [[far]] = (await Promise.all([accepted, once(near, "connect")])) as [[Socket], unknown];
    return [near, far];
  } finally {
    server.close();
  }
}

/**
 * Carries bytes between the two streams. When one of them ends or fails, both are closed.
 * @param onEnd is called once, with the error if there was one
 */
export function bridge(far: Socket, stream: Duplex, onEnd: (error: Error | undefined) => void = () => {}): void {
  let failure: Error | undefined;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    far.destroy();
    stream.destroy();
    onEnd(failure);
  };
  for (const side of [far, stream]) {
    side.on("error", (error: Error) => {
      failure ??= error;
      end();
    });
    side.on("close", end);
  }
  // No backpressure in this direction: Node's HTTP/2 does not read while one of its writes waits, so two sides that wait for each
  // other would deadlock. The other side's flow control windows limit what `stream` has to buffer.
  far.on("data", (chunk: Buffer) => stream.write(chunk));
  far.on("end", () => stream.end());
  stream.pipe(far);
  if (stream.destroyed) {
    failure ??= stream.errored ?? undefined;
    end();
  }
}
