/** Detects that the peer of a websocket is gone although the connection was not closed. */
import type { Socket } from "node:net";
import type WebSocket from "ws";

/** Load balancers drop connections that are idle for a minute. */
const PING_INTERVAL_MS = 20_000;

/** A peer that answers no ping for this long is gone. The same limit as kubectl's. */
const PONG_TIMEOUT_MS = 60_000;

/**
 * Limit for a connection that is blocked, or whose last bytes may not have been read. While the process does not read its
 * standard input, the server does not read the connection and answers no ping.
 */
const BLOCKED_TIMEOUT_MS = 120_000;

/** Bytes besides the pings that the server can buffer without blocking. */
const SERVER_BUFFER_BYTES = 16_384;

const CHECK_INTERVAL_MS = 5000;

export interface Clock {
  now(): number;
  /** Calls `callback` at this interval until the returned function is called. */
  every(milliseconds: number, callback: () => void): () => void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  every: (milliseconds, callback) => {
    const timer = setInterval(callback, milliseconds);
    return () => clearInterval(timer);
  },
};

/**
 * Sends pings. Calls `dead` once, with the seconds of silence, when the peer is gone or reads nothing more.
 * @returns a function that stops it
 */
export function watchPeer(
  ws: WebSocket,
  socket: Pick<Socket, "bytesRead" | "bytesWritten">,
  dead: (seconds: number) => void,
  clock: Clock = CLOCK,
): () => void {
  let moved = clock.now();
  let pinged = moved;
  let read = socket.bytesRead;
  let taken = takenBy(ws, socket);
  /** Bytes sent before the last ping that was answered: the server has read them. */
  let answered = socket.bytesWritten;

  const onPong = (data: Buffer): void => {
    answered = Math.max(answered, Number(data.toString()) || 0);
  };
  const check = (): void => {
    const now = clock.now();
    // The kernel buffers our pings even if the peer is gone.
    if (socket.bytesRead !== read || takenBy(ws, socket) - taken > SERVER_BUFFER_BYTES) {
      moved = now;
      read = socket.bytesRead;
      taken = takenBy(ws, socket);
    }
    const blocked = ws.bufferedAmount > 0 || socket.bytesWritten - answered > SERVER_BUFFER_BYTES;
    if (now - moved > (blocked ? BLOCKED_TIMEOUT_MS : PONG_TIMEOUT_MS)) {
      stop();
      dead(Math.round((now - moved) / 1000));
    } else if (now - pinged >= PING_INTERVAL_MS && ws.readyState === ws.OPEN && ws.bufferedAmount === 0) {
      pinged = now;
      ws.ping(String(socket.bytesWritten), undefined, () => {});
    }
  };
  ws.on("pong", onPong);
  const stopClock = clock.every(CHECK_INTERVAL_MS, check);
  const stop = (): void => {
    stopClock();
    ws.off("pong", onPong);
  };
  return stop;
}

/** Bytes that the kernel has taken. `bytesWritten` also counts those that still wait in our own memory. */
function takenBy(ws: WebSocket, socket: Pick<Socket, "bytesWritten">): number {
  return socket.bytesWritten - ws.bufferedAmount;
}
