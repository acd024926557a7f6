/** Sends a stream as messages of one websocket channel, no faster than the other end takes them. */
import type WebSocket from "ws";

/** The server reads a whole message into memory, and takes none over 32 MiB; beyond 64 KiB speed does not change. */
const FRAME = 256 * 1024;

/** No more than this waits in memory to be sent, in bytes, give or take a frame. */
const HIGH_WATER = 4 << 20;

const STDIN = 0;

/**
 * Sends all of the source, and answers whether it could: no, if `over` says that nobody is interested any more, or if
 * the websocket fails, which also closes it and is reported from there.
 * @throws what the source throws.
 */
export async function sendAll(
  ws: WebSocket,
  source: AsyncIterable<Uint8Array>,
  onSent: ((bytes: number) => void) | undefined,
  over: () => boolean,
): Promise<boolean> {
  let sent = 0;
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; start += FRAME) {
      if (over()) return false;
      const part = chunk.subarray(start, start + FRAME);
      if (!(await sendFrame(ws, part))) return false;
      sent += part.length;
      onSent?.(sent);
    }
    if (over()) return false;
  }
  return true;
}

/** Waits only while too much is waiting already. */
async function sendFrame(ws: WebSocket, part: Uint8Array): Promise<boolean> {
  const frame = Buffer.allocUnsafe(part.length + 1);
  frame[0] = STDIN;
  frame.set(part, 1);
  if (ws.bufferedAmount <= HIGH_WATER) {
    ws.send(frame, () => {});
    return true;
  }
  return new Promise((resolve) => {
    ws.send(frame, (error) => resolve(!error));
  });
}
