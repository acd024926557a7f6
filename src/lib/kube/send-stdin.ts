/** Sends a stream as messages of one websocket channel, at the speed at which the peer reads. */
import type WebSocket from "ws";

/** The server buffers a whole message and refuses one over 32 MiB. Above 64 KiB the speed stays the same. */
const FRAME_BYTES = 256 * 1024;

/** Limit for unsent data in memory, give or take one frame. */
const HIGH_WATER_BYTES = 4 << 20;

const STDIN = 0;

/**
 * Sends all of the source. Returns false if `over` returns true before the end, or if the websocket fails; that also closes
 * the websocket, which reports the failure.
 * @throws errors of the source
 */
export async function sendAll(
  ws: WebSocket,
  source: AsyncIterable<Uint8Array>,
  onSent: ((bytes: number) => void) | undefined,
  over: () => boolean,
): Promise<boolean> {
  let sent = 0;
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; start += FRAME_BYTES) {
      if (over()) return false;
      const part = chunk.subarray(start, start + FRAME_BYTES);
      if (!(await sendFrame(ws, part))) return false;
      sent += part.length;
      onSent?.(sent);
    }
    if (over()) return false;
  }
  return true;
}

/** Waits only while more than HIGH_WATER_BYTES are unsent. */
async function sendFrame(ws: WebSocket, part: Uint8Array): Promise<boolean> {
  const frame = Buffer.allocUnsafe(part.length + 1);
  frame[0] = STDIN;
  frame.set(part, 1);
  if (ws.bufferedAmount <= HIGH_WATER_BYTES) {
    ws.send(frame, () => {});
    return true;
  }
  return new Promise((resolve) => {
    ws.send(frame, (error) => resolve(!error));
  });
}
