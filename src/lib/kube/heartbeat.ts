/** Notices that the other end of a websocket is gone, though nobody said so. */
import type { Socket } from "node:net";
import type WebSocket from "ws";

/** Load balancers cut what is silent for a minute; so often, in milliseconds, there is a word. */
const PING = 20_000;

/** A peer that owes us nothing but a pong, and does not send it for so long, is gone. Milliseconds, as kubectl's. */
const SILENCE = 60_000;

/**
 * While the process does not read its standard input, the server stops reading the connection and answers no ping. So
 * a blocked connection, or one whose last bytes are not known to have been read, is given this long, in milliseconds.
 */
const BLOCKED = 120_000;

/** What is beyond the pings themselves and can wait in the server's memory, in bytes, without blocking it. */
const SLACK = 16_384;

export interface Clock {
  now(): number;
  /** Calls back every so many milliseconds until the function it returns is called. */
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
 * Pings, and calls `dead` once, with how many seconds of silence it was, when the peer is gone or takes nothing more.
 * @returns how to stop.
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
  /** What had been sent when the last ping that was answered left: the server has read all before it. */
  let answered = socket.bytesWritten;

  const onPong = (data: Buffer): void => {
    answered = Math.max(answered, Number(data.toString()) || 0);
  };
  const check = (): void => {
    const now = clock.now();
    // Our own pings go into the kernel's memory even when nobody is there.
    if (socket.bytesRead !== read || takenBy(ws, socket) - taken > SLACK) {
      moved = now;
      read = socket.bytesRead;
      taken = takenBy(ws, socket);
    }
    const blocked = ws.bufferedAmount > 0 || socket.bytesWritten - answered > SLACK;
    if (now - moved > (blocked ? BLOCKED : SILENCE)) {
      stop();
      dead(Math.round((now - moved) / 1000));
    } else if (now - pinged >= PING && ws.readyState === ws.OPEN && ws.bufferedAmount === 0) {
      pinged = now;
      ws.ping(String(socket.bytesWritten), undefined, () => {});
    }
  };
  ws.on("pong", onPong);
  const stopClock = clock.every(5000, check);
  const stop = (): void => {
    stopClock();
    ws.off("pong", onPong);
  };
  return stop;
}

/** How much the kernel has taken; `bytesWritten` alone counts what still waits in our own memory, too. */
function takenBy(ws: WebSocket, socket: Pick<Socket, "bytesWritten">): number {
  return socket.bytesWritten - ws.bufferedAmount;
}
