/**
 * A stream of ours as a socket of the system's. Node's HTTP/2 works on any stream, but one made in JavaScript costs a turn of the
 * event loop for each write, and ends the process when it is destroyed while a write is under way (ERR_INTERNAL_ASSERTION in
 * js_stream_socket.js, seen with 24.21). A pair of sockets in between costs a copy in the kernel instead.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/** Two sockets that are connected to each other, and to nobody else. */
export async function socketPair(): Promise<[Socket, Socket]> {
  if (process.platform === "win32") return pairAt(`\\\\.\\pipe\\slipway-${randomBytes(16).toString("hex")}`);
  // Nobody else can enter it, and its socket is gone before anything is sent.
  const directory = await mkdtemp(join(tmpdir(), "slipway-"));
  try {
    return await pairAt(join(directory, "s"));
  } finally {
    await rm(directory, { recursive: true, force: true });
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
 * Carries bytes between the two until either ends; its end and its error end the other.
 * @param onEnd told once, with the error if there was one
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
  // Never held back: Node's HTTP/2 reads nothing while a write of its own waits, so two that wait for each other would do so for
  // ever. What gathers here is no more than the other side's windows allow.
  far.on("data", (chunk: Buffer) => stream.write(chunk));
  far.on("end", () => stream.end());
  stream.pipe(far);
}
